"""Takes from a page what stands on every page of its site: menus, headers, footers, banners, forms, related links."""

from __future__ import annotations

import re

from mundap.ingest.elements import Element

_GONE = (
    "script style noscript noframes template svg canvas iframe object embed button select textarea input dialog".split()
)
_ROLES = {"navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog", "alertdialog", "complementary"}
# Words of class and id, apart by their signs: gnb-wrap and topMenu have one, navy and menual have none.
_NAMES = set(
    "nav navi navigation navbar gnb lnb snb fnb tnb menu submenu topmenu sidemenu leftmenu sidebar side aside"
    " footer foot breadcrumb breadcrumbs location skip skipnav skipnavi skiplink cookie cookies consent gdpr popup modal"
    " banner ad ads advert advertisement sponsor share sns social related recommend recommended paging pagination pager"
    " pagenation paginate quick quickmenu familysite sitemap satisfaction comment comments reply tag tags copyright"
    " newsletter subscribe promo toolbar login util utility rank ranking popular btn btns buttons action actions"
    " toc catlinks navbox editsection sitenotice printfooter noprint meta signature relation recent loc path".split()
)
# Where the systems that most Korean pages are made with put what was written.
_POSTS = set(
    "se-main-container se_component_wrap tt_article_useless_p_margin contents_style article_view articlebody article-body"
    " article_body articlebodycontents article-view-content-div newsct_article entry-content post-content post_content"
    " post-body mw-parser-output wiki-content bo_v_con xe_content rd_body write_div markdown-body".split()
)
_HEADERS = {"header", "head", "masthead"}
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SPOKEN = re.compile(
    r"(?:본문|메뉴|주메뉴|컨텐츠|콘텐츠|내용)\s?(?:으로)?\s?바로\s?가기|(?:이전|다음)\s?(?:글|페이지)?|목록(?:으로)?|인쇄(?:하기)?"
    r"|프린트|공유(?:하기)?|글자\s?(?:크게|작게)|(?:맨\s?)?위로(?:\s?가기)?|top|print|share|로그인|회원가입|사이트맵|닫기|더\s?보기"
    r"|글쓰기|뒤로(?:\s?가기)?|(?:이웃|글)?\s?추가|트랙백|(?:추천|인용|신고|수정|삭제|답글)(?:\s?\d+)?|처음으로|홈(?:으로)?|home"
    r"|(?:이전|다음)\s?글\s?[:：]\s?\S.{0,60}|(?:오늘|today)\s?:?\s?[\d,]+\D{0,12}(?:(?:어제|yesterday|전체|total)\s?:?\s?[\d,]+\D{0,4})+"
    r"|(?:홈|home)\s?[>›»/]\s?\S.{0,60}|페이스북|트위터|카카오(?:톡|스토리)|네이버\s?(?:블로그|밴드)|url\s?복사|스크랩|좋아요",
    re.IGNORECASE,
)
_OPENING = re.compile(r"accordion|collaps|faq|qna|question", re.IGNORECASE)
_LAYER = re.compile(r"modal|layer|pop-?up|toast|tooltip|drop-?down", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SENTENCE = re.compile(r"[다요죠까]\s*[.!?]|(?:[A-Za-z',;-]+\s+){5,}[A-Za-z]+[.!?](?:\s|$)")
_RIGHTS = re.compile(
    r"copyrights?\s*(?:ⓒ|©|\(c\)|\d{4})|[ⓒ©]\s*(?:\d{4}|[A-Z])|all\s+rights?\s+reserved|무단\s?전재|저작권자\s?[ⓒ©]"
    r"|사업자\s?등록\s?번호|통신\s?판매업\s?신고|이메일\s?무단\s?수집|개인정보\s?처리\s?방침\s?[|·/]",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"(?:페이지|정보|내용|편의성|메뉴).{0,30}만족.{0,10}(?:습니까|십니까|나요)|공공누리.{0,40}이용할\s?수\s?있습니다"
)
_ELSEWHERE = re.compile(
    r"\W*.{0,20}(?:카테고리의?\s?(?:다른\s?)?글|관련\s?(?:글|기사|뉴스)|많이\s?본|인기\s?(?:글|기사|뉴스|검색어|게시물)|최근\s?(?:글|댓글)"
    r"|최신\s?(?:글|기사|뉴스)|실시간|주요\s?뉴스|다른\s?기사|함께\s?본|추천\s?(?:글|기사|상품|뉴스))"
)
_COLUMNS = set(
    "번호 no no. 순번 제목 글쓴이 작성자 이름 닉네임 날짜 작성일 등록일 게시일 조회 조회수 추천 평점 첨부 파일".split()
)
_FILES = re.compile(r"download|\.(?:hwpx?|pdf|docx?|xlsx?|pptx?|zip|hml)\b", re.IGNORECASE)
_NOWHERE = re.compile(r"(?:#\w*|javascript:.*|)$", re.IGNORECASE)
_ROOT = re.compile(r"(?:\.?/|/?(?:index|main|default)\.\w{2,5})$", re.IGNORECASE)
_WRAPS = (
    "div",
    "ul",
    "ol",
    "section",
    "p",
    "dl",
    "table",
    "tbody",
    "tr",
    "td",
    "span",
    "center",
    "address",
    "li",
    "font",
)
_SHARE = 0.5  # of a page's text; a part with more of it is no menu, whatever its name
_LINKED = 0.6  # of a part's text; more of it in links makes a part named like a menu one
_LEAST = 200  # characters of a main part
_SMALL = 400  # characters of a part that says whose the site is
_LABEL = 20  # characters of the name of a page in a menu


def trim(root: Element) -> None:
    """Take from the tree what is not about the page's subject. A part with most of the page's text always stays."""
    for button in [*root.iter("button")]:
        if _asks(button):
            button.tag = "div"
    for tag in _GONE:
        for element in [*root.iter(tag)]:
            _drop(element)
    for element in [*root.iter()]:
        if isinstance(element.tag, str) and _invisible(element):
            _drop(element)
    body = root.find(".//body")
    body = root if body is None else body
    main = _main(body)
    if main is not None:
        _keep_only(body, main)
        body = main
    total = max(_size(body), 1)
    for element in [*body.iterdescendants()]:
        if isinstance(element.tag, str) and _attached(element, body) and _boilerplate(element, total, main is not None):
            _drop(element)


def _asks(button: Element) -> bool:
    """Whether a button is the question above an answer that it opens, rather than a part of a menu."""
    if _within(button, ("nav", "header", "footer")):
        return False
    above = button.getparent()
    named = " ".join(one.get("class") or "" for one in (button, above) if one is not None)
    return _text(button).endswith(("?", "？")) or bool(_OPENING.search(named))


def _invisible(element: Element) -> bool:
    """Hidden layers without a sentence. Those with one are answers that open at a click, and so are other hidden parts
    that are still there."""
    hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "")
    if not hidden or not _LAYER.search(f"{element.get('class') or ''} {element.get('id') or ''}"):
        return False
    return not _SENTENCE.search(element.text_content())


def _main(body: Element) -> Element:
    """The one part that a page marks as its main one, if it holds enough."""
    for found in (
        [element for element in body.iter("div", "article", "section", "td") if _is_post(element)],
        body.findall(".//main"),
        body.findall(".//*[@role='main']"),
        body.findall(".//article"),
    ):
        large = [element for element in found if _size(element) >= _LEAST]
        outer = [element for element in large if not any(above in large for above in element.iterancestors())]
        if len(outer) == 1:
            return outer[0]
    return None


def _is_post(element: Element) -> bool:
    named = {element.get("id") or "", *(element.get("class") or "").split()}
    return element.get("itemprop") == "articleBody" or any(name.lower() in _POSTS for name in named)


def _keep_only(body: Element, main: Element) -> None:
    """Drop what stands beside `main`, but for headings above it and texts and tables of some length outside menus."""
    while main is not body and main is not None:
        parent = main.getparent()
        above = True
        for other in [*parent]:
            if other is main:
                above = False
            elif isinstance(other.tag, str) and not _substantial(other):
                heads = _heads(other) if above else []
                for head in heads:
                    head.tail = None
                    other.addprevious(head)
                _drop(other)
        if parent is body:
            break
        main = parent


def _heads(element: Element) -> list[Element]:
    """The headings in a part that is named neither like a menu nor like the head of a site."""
    if element.tag in ("nav", "header", "footer", "aside", "form") or _named(element, _NAMES | _HEADERS):
        return []
    return [head for head in element.iter("h1", "h2") if _links(head) < _LINKED]


def _substantial(element: Element) -> bool:
    if element.tag in ("h1", "h2"):
        return True
    return element.tag not in ("nav", "header", "footer", "aside", "form") and (
        _size(element) >= _LEAST and _links(element) < _LINKED / 2 and not _named(element, _NAMES | _HEADERS)
    )


def _boilerplate(element: Element, total: int, inside: bool) -> bool:
    """Whether a part of a page with `total` characters is none of its subject. `inside` its main part, lists of links
    belong to the text, and code does everywhere, for its comments are named like those of readers."""
    size = _size(element)
    if size > _SHARE * total or _within(element, ("pre", "code")):
        return False
    tag, role = element.tag, (element.get("role") or "").lower()
    if tag == "nav" or role in _ROLES or tag == "aside":
        return True
    if tag in ("footer", "header"):
        return not _within(element, ("article", "main", "section", "blockquote")) or tag == "footer"
    if tag == "form":
        return _links(element) > _LINKED or (size < _LEAST and element.find(".//table") is None)
    if tag == "a":
        return size < _LABEL and bool(_SPOKEN.fullmatch(_text(element)) or _ROOT.match(element.get("href") or ""))
    if tag == "table" and _lists_posts(element):
        return True
    return tag in (*_WRAPS, "strong", "em") and size > 0 and (_said_everywhere(element, size) or _menu(element, inside))


def _said_everywhere(element: Element, size: int) -> bool:
    """Whether a small part says where one is, whose the site is, or what else there is to read."""
    if size > _SMALL:
        return False
    text = _text(element)
    if size < 4 * _LABEL and _SPOKEN.fullmatch(text):
        return True
    if size < 5 * _LABEL and _ASKED.search(text):
        return True
    if _RIGHTS.search(text) and not _prose(element):
        return True
    return bool(_ELSEWHERE.match(text)) and _links(element) > _LINKED / 2 and not _prose(element)


def _menu(element: Element, inside: bool) -> bool:
    """Whether a part is named like a menu and reads like one, or is nothing but links to other pages of the site."""
    if element.get("role") == "note":
        return False
    if element.tag in ("div", "ul", "ol", "section", "p", "dl", "table", "span", "address"):
        if _named(element, _NAMES):
            return _links(element) > _LINKED or not _prose(element)
        if _named(element, _HEADERS) and element.tag == "div":
            return _links(element) > _LINKED
    return element.tag in _WRAPS and element.tag != "p" and _site_links(element, inside)


def _lists_posts(table: Element) -> bool:
    """Whether a table lists what else is on a board: 번호, 제목, 글쓴이, 날짜."""
    row = next(table.iter("tr"), None)
    names = (
        [_text(cell).lower().replace(" ", "") for cell in row if cell.tag in ("th", "td")] if row is not None else []
    )
    named = [name for name in names if name]
    return len(named) > 2 and all(name in _COLUMNS for name in named) and next(table.iter("a"), None) is not None


def _site_links(element: Element, inside: bool) -> bool:
    """Whether a part is links to other pages of the site, or to none, and nothing else, with names and no sentences."""
    links = [link for link in element.iter("a") if _size(link)]
    titled = element.tag in ("table", "td") and len(links) > 3  # a menu with its name above
    if len(links) < 2 or _links(element) < (0.75 if titled else 0.9):
        return False
    names, places = [_text(link) for link in links], [(link.get("href") or "").strip() for link in links]
    if any(len(name) >= _LABEL or name.endswith("?") for name in names) or any(map(_FILES.search, places)):
        return False
    if all(map(_NOWHERE.match, places)):
        return all(len(name) <= 12 for name in names)
    if inside or any(re.match(r"(?:https?:|mailto:|tel:)", place) for place in places):
        return False
    return len(links) >= (4 if element.tag in ("ul", "ol") else 3) or bool(_SPOKEN.fullmatch(names[0]))


def _prose(element: Element) -> bool:
    """Sentences or a table, as no menu has."""
    if element.find(".//table") is not None and _size(element) > _LEAST:
        return True
    return len(_SENTENCE.findall(element.text_content())) >= 2


def _named(element: Element, words: set[str]) -> bool:
    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    return bool(named.strip()) and any(word.lower() in words for word in _WORDS.findall(named))


def _within(element: Element, tags: tuple[str, ...]) -> bool:
    return next(element.iterancestors(*tags), None) is not None


def _links(element: Element) -> float:
    """The share of the letters and digits that are in links."""
    size = _letters(element)
    return sum(map(_letters, element.iter("a"))) / size if size else 0.0


def _letters(element: Element) -> int:
    return sum(map(str.isalnum, element.text_content()))


def _size(element: Element) -> int:
    return len(_text(element))


def _text(element: Element) -> str:
    return " ".join(element.text_content().split())


def _attached(element: Element, body: Element) -> bool:
    return any(above is body for above in element.iterancestors())


def _drop(element: Element) -> None:
    if element.getparent() is not None:
        element.drop_tree()
