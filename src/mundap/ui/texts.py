"""What the page says, in Korean and in English."""

from __future__ import annotations

LANGUAGES = {"ko": "한국어", "en": "English"}

_TEXTS: dict[str, tuple[str, str]] = {
    # frame
    "language": ("언어", "Language"),
    "chat": ("대화", "Chat"),
    "search": ("검색", "Search"),
    "keywords": ("키워드", "Keywords"),
    "documents": ("문서", "Documents"),
    "reports": ("평가", "Evaluation"),
    "retry": ("다시 시도", "Try again"),
    # what went wrong, and what to do; the keys are the kinds of ApiError
    "down": (
        "API에 연결할 수 없습니다({url}). `mundap serve`나 `mundap up`이 돌고 있는지 확인한 뒤 다시 시도하세요.",
        "The API at {url} cannot be reached. See that `mundap serve` or `mundap up` is running, then try again.",
    ),
    "slow": (
        "API가 제때 답하지 않았습니다. 잠시 뒤에 다시 시도하세요.",
        "The API took too long. Try again in a moment.",
    ),
    "unauthorized": (
        "API 열쇠가 없거나 맞지 않습니다. 환경 변수 {variable}에 열쇠를 넣어 페이지를 다시 여세요.",
        "The API key is missing or wrong. Put it into the environment variable {variable} and start the page again.",
    ),
    "forbidden": ("API가 허락하지 않았습니다: {detail}", "The API does not allow this: {detail}"),
    "missing": (
        "찾는 것이 없습니다. 바뀌거나 지워졌을 수 있으니 새로 고쳐 보세요. {detail}",
        "It is not there. It may have been changed or removed; reload the page. {detail}",
    ),
    "too_large": (
        "파일이 너무 큽니다. 나누어 올리거나 docs 폴더에 넣고 `mundap ingest`로 읽으세요. {detail}",
        "The file is too large. Upload parts of it, or put it into docs and run `mundap ingest`. {detail}",
    ),
    "refused": (
        "API가 이 요청을 받지 않았습니다. 질문을 더 짧게 써 보세요. {detail}",
        "The API refused this request. Try a shorter question. {detail}",
    ),
    "too_many": (
        "요청이 너무 많습니다. 잠시 뒤에 다시 시도하세요.",
        "There are too many requests. Try again in a moment.",
    ),
    "unavailable": ("지금은 답할 수 없습니다. {detail}", "It cannot answer now. {detail}"),
    "broken": (
        "API에서 오류가 났습니다. 다시 시도하고, 되풀이되면 서버의 기록을 보세요. {detail}",
        "The API failed. Try again, and look into the server's log if it happens again. {detail}",
    ),
    "said_in_korean": ("API의 말: {detail}", "What the API says, in Korean: {detail}"),
    # chat
    "ask": ("질문을 입력하세요", "Ask a question"),
    "greeting": (
        "등록된 문서에서 답을 찾아 출처와 함께 알려 드립니다. 이렇게 물어보세요.",
        "Answers come from the registered documents, with their sources. Try one of these.",
    ),
    "settings": ("답변 설정", "Answer settings"),
    "top_k": ("답을 쓸 문단의 수", "Passages to answer from"),
    "only": ("이 문서에서만 찾기", "Only in these documents"),
    "all": ("모든 문서", "All documents"),
    "persona": ("말투", "Persona"),
    "reset": ("새 대화", "New chat"),
    "searching": ("문서를 찾고 있습니다…", "Searching the documents…"),
    "stopped": ("(여기에서 멈췄습니다.)", "(Stopped here.)"),
    "sources": ("출처", "Sources"),
    "nearest": ("가장 가까운 문단", "Nearest passages"),
    "details": ("자세히", "Details"),
    "support": ("문서에 답이 있을 확률: {share}", "Probability that the documents answer: {share}"),
    "kind": ("질문이 묻는 것: {kind}", "Asked for: {kind}"),
    "searched": ("이렇게 고쳐 찾음: {question}", "Searched for: {question}"),
    "kind_amount": ("금액이나 비율", "an amount or a rate"),
    "kind_number": ("수", "a number"),
    "kind_period": ("기간이나 기한", "a period or a deadline"),
    "kind_date": ("날짜나 시각", "a date or a time"),
    "kind_contact": ("연락처", "a contact"),
    "kind_place": ("장소나 기관", "a place or an office"),
    "kind_person": ("사람이나 담당", "a person or who is in charge"),
    "kind_reason": ("이유", "a reason"),
    "kind_procedure": ("방법이나 절차", "a procedure"),
    "kind_list": ("목록", "a list"),
    "kind_condition": ("조건", "a condition"),
    "kind_definition": ("뜻", "a definition"),
    "kind_yes-no": ("예, 아니요", "yes or no"),
    "kind_other": ("그 밖의 것", "something else"),
    "kind_smalltalk": ("인사", "small talk"),
    "copy": ("복사", "Copy"),
    "copy_help": (
        "상자 오른쪽 위의 단추를 누르면 복사됩니다.",
        "The button at the upper right of the box copies the answer.",
    ),
    "page": ("{page}쪽", "p. {page}"),
    # citation
    "passage": ("원문", "Source"),
    "quoted": ("표시한 부분이 답변에 쓰인 문장입니다.", "What the answer quotes is marked."),
    # feedback
    "vote": ("이 답변이 도움이 됐나요?", "Was this answer helpful?"),
    "up": ("도움이 됐어요", "Helpful"),
    "down_vote": ("아쉬워요", "Not helpful"),
    "comment": ("무엇이 좋았거나 아쉬웠나요? (선택)", "What was good or missing? (optional)"),
    "corrected": ("바른 답을 알려 주세요. (선택)", "What would be the right answer? (optional)"),
    "right_passage": ("답이 들어 있는 문단 (선택)", "The passage that answers (optional)"),
    "unknown_passage": ("고르지 않음", "None chosen"),
    "send": ("보내기", "Send"),
    "thanks": ("의견을 저장했습니다. 고맙습니다.", "Your feedback is saved. Thank you."),
    # search
    "query": ("찾을 말", "Search for"),
    "query_hint": ("예: 면세 한도", "for example: duty-free limit"),
    "leg": ("찾는 방법", "Method"),
    "hybrid": ("함께", "Hybrid"),
    "bm25": ("낱말(BM25)", "Words (BM25)"),
    "dense": ("뜻(벡터)", "Meaning (vectors)"),
    "graph": ("키워드 그래프", "Keyword graph"),
    "count": ("개수", "Results"),
    "rank": ("순위", "Rank"),
    "score": ("점수", "Score"),
    "no_hits": (
        "찾은 문단이 없습니다. 다른 말로 찾아 보세요.",
        "No passage was found. Try other words.",
    ),
    "scores_note": (
        "점수는 방법마다 크기가 달라 서로 견줄 수 없고, 괄호 안의 순위는 견줄 수 있습니다. ‘-’는 그 방법의 100위 밖입니다.",
        "Scores of different methods do not compare; the ranks in brackets do. “-” is beyond that method's first 100.",
    ),
    "open": ("원문 보기", "Open source"),
    # keywords and graph
    "question": ("질문이나 낱말", "A question or a word"),
    "no_keywords": ("키워드가 없습니다. 낱말이 있는 질문을 써 보세요.", "There are no keywords. Ask with a noun."),
    "around": ("둘레의 낱말과 문단", "Words and passages around it"),
    "not_in_graph": (
        "이 낱말은 키워드 그래프에 없습니다. 다른 낱말로 찾아 보세요.",
        "This word is not in the keyword graph. Try another one.",
    ),
    "go_to": ("이 낱말로 옮겨 가기", "Go on to"),
    "picture_of": ("{word} 둘레의 키워드 그래프", "Keyword graph around {word}"),
    "as_table": ("표로 보기", "As a table"),
    "from": ("이쪽", "From"),
    "to": ("저쪽", "To"),
    "relation": ("관계", "Relation"),
    "evidence": ("근거", "Evidence"),
    # what the API calls the nodes and edges of the graph
    "키워드": ("키워드", "keyword"),
    "문단": ("문단", "passage"),
    "문서": ("문서", "document"),
    "나옴": ("나옴", "in"),
    "문서의 문단": ("문서의 문단", "part of"),
    "같은 낱말": ("같은 낱말", "same word"),
    "같은말": ("같은말", "synonym"),
    "질문에서 배운 말": ("질문에서 배운 말", "learned from questions"),
    "함께 나오는 말": ("함께 나오는 말", "stands beside"),
    "정의": ("정의", "is a"),
    "보기": ("보기", "for example"),
    # documents
    "files": ("올릴 파일", "Files to add"),
    "files_hint": (
        "HWP, PDF, DOCX, XLSX, CSV, TXT, Markdown, HTML 등. 같은 이름의 파일은 새것으로 바뀝니다.",
        "HWP, PDF, DOCX, XLSX, CSV, TXT, Markdown, HTML … A file of the same name is replaced.",
    ),
    "choose": ("파일 고르기", "Choose files"),
    "upload": ("올리기", "Upload"),
    "uploading": ("읽고 색인하고 있습니다…", "Reading and indexing…"),
    "uploaded": (
        "넣었습니다: 새로 {added}개, 바뀜 {updated}개, 그대로 {unchanged}개.",
        "Done: {added} added, {updated} updated, {unchanged} unchanged.",
    ),
    "skipped": ("읽지 못한 파일", "Files that could not be read"),
    "filter": ("이름으로 거르기", "Filter by name"),
    "total": ("문서 {total}개", "{total} documents"),
    "passages": ("문단 {passages}개", "{passages} passages"),
    "was_uploaded": ("올린 파일", "uploaded"),
    "remove": ("지우기", "Remove"),
    "remove_it": ("‘{title}’ 지우기", "Remove “{title}”"),
    "sure": (
        "이 문서를 검색에서 지우고, 올린 파일이면 파일도 지웁니다. 되돌릴 수 없습니다.",
        "The document leaves every search, and its file is deleted if it was uploaded. This cannot be undone.",
    ),
    "cancel": ("그만두기", "Cancel"),
    "removed": ("‘{title}’ 문서를 지웠습니다.", "“{title}” was removed."),
    "no_documents": ("문서가 없습니다. 위에서 파일을 올리세요.", "There are no documents. Upload a file above."),
    "list_page": ("목록의 쪽", "Page of the list"),
    # reports
    "report": ("보고서", "Report"),
    "no_reports": (
        "아직 보고서가 없습니다. `mundap evaluate retrieval --questions 질문.csv`로 만드세요.",
        "There is no report yet. Make one with `mundap evaluate retrieval --questions questions.csv`.",
    ),
    "download_html": ("HTML로 내려받기", "Download as HTML"),
    "download_json": ("JSON으로 내려받기", "Download as JSON"),
}


def text(key: str, language: str, **values: object) -> str:
    """The text `key` in `language` ("ko" or "en")."""
    korean, english = _TEXTS[key]
    return (english if language == "en" else korean).format(**values)


def known(name: str, language: str) -> str:
    """A name that the API gives, in `language` where it is known here."""
    return text(name, language) if name in _TEXTS else name
