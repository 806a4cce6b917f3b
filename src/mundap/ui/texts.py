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
        "API에 연결할 수 없습니다({url}). `mundap serve`나 `mundap up`이 실행 중인지 확인한 뒤 다시 시도하세요.",
        "Cannot reach the API at {url}. Check that `mundap serve` or `mundap up` is running, then try again.",
    ),
    "slow": (
        "API 응답 시간이 초과되었습니다. 잠시 후 다시 시도하세요.",
        "The API took too long to respond. Try again in a moment.",
    ),
    "unauthorized": (
        "API 키가 없거나 올바르지 않습니다. 환경 변수 {variable}에 API 키를 설정하고 페이지를 다시 시작하세요.",
        "The API key is missing or invalid. Set the environment variable {variable} to a valid key and restart the page.",
    ),
    "forbidden": ("API가 요청을 허용하지 않았습니다: {detail}", "The API does not allow this: {detail}"),
    "missing": (
        "요청한 항목이 없습니다. 변경되었거나 삭제되었을 수 있으니 페이지를 새로 고치세요. {detail}",
        "Not found. It may have been changed or removed; reload the page. {detail}",
    ),
    "too_large": (
        "파일이 너무 큽니다. 나누어 업로드하거나 docs 폴더에 넣고 `mundap ingest`를 실행하세요. {detail}",
        "The file is too large. Split it, or put it into docs and run `mundap ingest`. {detail}",
    ),
    "refused": (
        "API가 요청을 처리하지 못했습니다. 질문을 더 짧게 입력해 보세요. {detail}",
        "The API rejected this request. Try a shorter question. {detail}",
    ),
    "too_many": (
        "요청이 너무 많습니다. 잠시 후 다시 시도하세요.",
        "Too many requests. Try again in a moment.",
    ),
    "unavailable": ("현재 서비스를 사용할 수 없습니다. {detail}", "The service is unavailable at the moment. {detail}"),
    "broken": (
        "API에서 오류가 발생했습니다. 다시 시도하고, 오류가 반복되면 서버 로그를 확인하세요. {detail}",
        "The API failed. Try again; if the error persists, check the server log. {detail}",
    ),
    "said_in_korean": ("API 메시지: {detail}", "Message from the API (in Korean): {detail}"),
    # chat
    "ask": ("질문을 입력하세요", "Ask a question"),
    "greeting": (
        "등록된 문서에서 답을 찾아 출처와 함께 알려 드립니다. 이렇게 물어보세요.",
        "Answers come from the registered documents, with their sources. Try one of these.",
    ),
    "settings": ("답변 설정", "Answer settings"),
    "top_k": ("답변에 쓸 문단 수", "Passages used for the answer"),
    "only": ("이 문서에서만 검색", "Search only these documents"),
    "all": ("모든 문서", "All documents"),
    "persona": ("페르소나", "Persona"),
    "reset": ("새 대화", "New chat"),
    "searching": ("문서를 검색하고 있습니다…", "Searching the documents…"),
    "stopped": ("(답변이 중단되었습니다.)", "(Stopped here.)"),
    "sources": ("출처", "Sources"),
    "nearest": ("가장 가까운 문단", "Nearest passages"),
    "details": ("자세히", "Details"),
    "support": (
        "근거 점수(문서에 답이 있을 확률): {share}",
        "Support (probability that the documents contain the answer): {share}",
    ),
    "kind": ("질문 유형: {kind}", "Question type: {kind}"),
    "searched": ("실제 검색어: {question}", "Searched for: {question}"),
    "kind_amount": ("금액이나 비율", "an amount or a rate"),
    "kind_number": ("수량", "a number"),
    "kind_period": ("기간이나 기한", "a period or a deadline"),
    "kind_date": ("날짜나 시각", "a date or a time"),
    "kind_contact": ("연락처", "a contact"),
    "kind_place": ("장소나 기관", "a place or an office"),
    "kind_person": ("사람이나 담당자", "a person or the one in charge"),
    "kind_reason": ("이유", "a reason"),
    "kind_procedure": ("방법이나 절차", "a procedure"),
    "kind_list": ("목록", "a list"),
    "kind_condition": ("조건", "a condition"),
    "kind_definition": ("정의", "a definition"),
    "kind_yes-no": ("예/아니요", "yes or no"),
    "kind_other": ("기타", "something else"),
    "kind_smalltalk": ("인사", "small talk"),
    "copy": ("복사", "Copy"),
    "copy_help": (
        "상자 오른쪽 위의 버튼을 누르면 복사됩니다.",
        "Use the button at the top right of the box to copy the answer.",
    ),
    "page": ("{page}쪽", "p. {page}"),
    # citation
    "passage": ("원문", "Source"),
    "quoted": ("강조 표시한 부분이 답변에 인용된 문장입니다.", "The passages quoted in the answer are highlighted."),
    # feedback
    "vote": ("이 답변이 도움이 되었나요?", "Was this answer helpful?"),
    "up": ("도움이 됐어요", "Helpful"),
    "down_vote": ("아쉬워요", "Not helpful"),
    "comment": ("좋았던 점이나 아쉬운 점을 알려 주세요. (선택)", "What was good, and what was missing? (optional)"),
    "corrected": ("올바른 답변을 알려 주세요. (선택)", "What is the correct answer? (optional)"),
    "right_passage": ("정답이 있는 문단 (선택)", "The passage with the answer (optional)"),
    "unknown_passage": ("선택 안 함", "None selected"),
    "send": ("제출", "Submit"),
    "thanks": ("의견이 저장되었습니다. 감사합니다.", "Your feedback has been saved. Thank you."),
    # search
    "query": ("검색어", "Search for"),
    "query_hint": ("예: 면세 한도", "e.g. duty-free limit"),
    "leg": ("검색 방법", "Search method"),
    "hybrid": ("하이브리드", "Hybrid"),
    "bm25": ("키워드(BM25)", "Keywords (BM25)"),
    "dense": ("의미(벡터)", "Semantic (vectors)"),
    "graph": ("키워드 그래프", "Keyword graph"),
    "sparse": ("토큰 가중치", "Token weights"),
    "count": ("결과 수", "Results"),
    "rank": ("순위", "Rank"),
    "score": ("점수", "Score"),
    "no_hits": (
        "검색 결과가 없습니다. 다른 검색어로 시도해 보세요.",
        "No passages found. Try different words.",
    ),
    "scores_note": (
        "점수는 검색 방법마다 척도가 달라 서로 비교할 수 없습니다. 괄호 안의 순위로 비교하세요. ‘-’는 100위 밖이라는 뜻입니다.",
        "Scores of different methods are not comparable; compare the ranks in parentheses. “-” means not in the top 100.",
    ),
    "open": ("원문 보기", "Open source"),
    # keywords and graph
    "question": ("질문이나 단어", "A question or a word"),
    "no_keywords": (
        "키워드가 없습니다. 명사가 들어간 질문을 입력해 보세요.",
        "No keywords found. Try a question that contains a noun.",
    ),
    "around": ("관련 단어와 문단", "Related words and passages"),
    "not_in_graph": (
        "키워드 그래프에 없는 단어입니다. 다른 단어로 검색해 보세요.",
        "This word is not in the keyword graph. Try another one.",
    ),
    "go_to": ("이 단어로 이동", "Go to"),
    "picture_of": ("‘{word}’ 주변의 키워드 그래프", "Keyword graph around “{word}”"),
    "as_table": ("표로 보기", "As a table"),
    "from": ("시작", "From"),
    "to": ("끝", "To"),
    "relation": ("관계", "Relation"),
    "evidence": ("근거", "Evidence"),
    # what the API calls the nodes and edges of the graph
    "키워드": ("키워드", "keyword"),
    "문단": ("문단", "passage"),
    "문서": ("문서", "document"),
    "포함": ("포함", "occurs in"),
    "문서에 속함": ("문서에 속함", "part of"),
    "같은 단어": ("같은 단어", "same word"),
    "동의어": ("동의어", "synonym"),
    "질문에서 학습": ("질문에서 학습", "learned from questions"),
    "함께 나옴": ("함께 나옴", "co-occurs"),
    "정의": ("정의", "is a"),
    "보기": ("예시", "example of"),
    # documents
    "files": ("업로드할 파일", "Files to upload"),
    "files_hint": (
        "HWP, PDF, DOCX, XLSX, CSV, TXT, Markdown, HTML 등. 이름이 같은 파일은 새 파일로 대체됩니다.",
        "HWP, PDF, DOCX, XLSX, CSV, TXT, Markdown, HTML and more. A file with the same name is replaced.",
    ),
    "choose": ("파일 선택", "Choose files"),
    "upload": ("업로드", "Upload"),
    "uploading": ("파일을 읽고 색인하고 있습니다…", "Reading and indexing…"),
    "uploaded": (
        "업로드 완료: 추가 {added}개, 변경 {updated}개, 변경 없음 {unchanged}개.",
        "Upload complete: {added} added, {updated} updated, {unchanged} unchanged.",
    ),
    "skipped": ("읽지 못한 파일", "Files that could not be read"),
    "copied": (
        "다른 문단과 내용이 같거나 숫자·날짜만 다른 문단이 {passages}개 있습니다. 답변이 다른 쪽을 인용할 수 있으니 하나로 정리하세요.\n\n"
        "예: ‘{text}’ — {one} · {other}",
        "{passages} passages say the same as another, or differ from it only in numbers or dates. Answers may cite the"
        " wrong one; keep only one of them.\n\nExample: “{text}” — {one} · {other}",
    ),
    "filter": ("이름으로 필터링", "Filter by name"),
    "total": ("문서 {total}개", "{total} documents"),
    "passages": ("문단 {passages}개", "{passages} passages"),
    "was_uploaded": ("업로드한 파일", "uploaded"),
    "remove": ("삭제", "Remove"),
    "remove_it": ("‘{title}’ 삭제", "Remove “{title}”"),
    "sure": (
        "이 문서를 검색에서 삭제합니다. 업로드한 파일이면 파일도 삭제되며, 되돌릴 수 없습니다.",
        "The document is removed from search, and its file is deleted if it was uploaded. This cannot be undone.",
    ),
    "cancel": ("취소", "Cancel"),
    "removed": ("‘{title}’ 문서를 삭제했습니다.", "“{title}” was removed."),
    "no_documents": ("문서가 없습니다. 위에서 파일을 업로드하세요.", "There are no documents. Upload a file above."),
    "list_page": ("목록 페이지", "List page"),
    # reports
    "report": ("보고서", "Report"),
    "no_reports": (
        "아직 보고서가 없습니다. `mundap evaluate retrieval --questions 질문.csv`를 실행해 만드세요.",
        "No reports yet. Create one with `mundap evaluate retrieval --questions questions.csv`.",
    ),
    "download_html": ("HTML로 다운로드", "Download as HTML"),
    "download_json": ("JSON으로 다운로드", "Download as JSON"),
}


def text(key: str, language: str, **values: object) -> str:
    """The text `key` in `language` ("ko" or "en")."""
    korean, english = _TEXTS[key]
    return (english if language == "en" else korean).format(**values)


def known(name: str, language: str) -> str:
    """A name that the API gives, in `language` where it is known here."""
    return text(name, language) if name in _TEXTS else name
