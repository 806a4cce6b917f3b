// What visitors read, in Korean and in English: key: [Korean, English].
const TEXTS = {
  title: ["문답", "mundap"],
  ask: ["질문을 입력하세요", "Ask a question"],
  send: ["보내기", "Send"],
  stop: ["중단", "Stop"],
  welcome: ["무엇이 궁금하신가요?", "What would you like to know?"],
  about: ["등록된 문서에서 답을 찾아 출처와 함께 알려 드립니다.", "Answers come from the registered documents, with their sources."],
  examples: ["이렇게 물어보세요", "Try one of these"],
  conversation: ["대화 내용", "Conversation"],
  you: ["내 질문", "Your question"],
  answer: ["답변", "Answer"],
  searching: ["문서를 검색하고 있습니다…", "Searching the documents…"],
  writing: ["답변을 작성하고 있습니다…", "Writing the answer…"],
  stopped: ["답변을 중단했습니다.", "The answer was stopped."],
  cut: ["길이 제한에 도달해 답변이 중간에 끝났습니다.", "The answer ends early because it reached the length limit."],
  copy: ["답변 복사", "Copy answer"],
  copied: ["복사했습니다", "Copied"],
  uncopied: ["복사하지 못했습니다. 답변을 선택해 직접 복사하세요.", "Could not copy. Select the answer and copy it yourself."],
  again: ["다시 답변받기", "Answer again"],
  up: ["도움이 됐어요", "Helpful"],
  down: ["아쉬워요", "Not helpful"],
  comment: ["의견 (선택)", "Comment (optional)"],
  corrected: ["올바른 답변 (선택)", "Correct answer (optional)"],
  submit: ["제출", "Submit"],
  cancel: ["취소", "Cancel"],
  kept: ["평가를 저장했습니다. 의견이 있으면 적어 주세요.", "Your rating is saved. You can add a comment."],
  thanks: ["의견을 저장했습니다. 감사합니다.", "Your feedback is saved. Thank you."],
  sources: ["출처", "Sources"],
  nearest: ["가장 가까운 문서", "Closest passages"],
  choices: ["어떤 경우인가요?", "Which case applies?"],
  source: ["원문", "Source"],
  cited: ["인용한 문장을 강조해 표시했습니다.", "The quoted sentences are highlighted."],
  unmarked: ["가장 가까운 문단입니다.", "This is the closest passage."],
  picture: ["{name} {page}의 그림", "Picture of {page} of {name}"],
  nearer: ["크게 보기", "Zoom in"],
  as_text: ["텍스트로 보기", "Read as text"],
  download: ["원본 파일 다운로드", "Download the original file"],
  loading: ["불러오고 있습니다…", "Loading…"],
  page: ["{n}쪽", "p. {n}"],
  opens: ["출처 {n} 열기", "Open source {n}"],
  close: ["닫기", "Close"],
  menu: ["대화 목록", "Conversations"],
  fresh: ["새 대화", "New chat"],
  empty: ["아직 대화가 없습니다.", "No conversations yet."],
  device: ["대화는 이 기기의 브라우저에만 저장됩니다.", "Conversations are stored only in this browser."],
  full: ["저장 공간이 없어 이 대화는 저장되지 않습니다.", "This conversation cannot be saved: the browser's storage is unavailable."],
  remove: ["‘{title}’ 삭제", "Delete “{title}”"],
  clear: ["모두 삭제", "Delete all"],
  sure: ["모든 대화를 삭제할까요? 되돌릴 수 없습니다.", "Delete all conversations? This cannot be undone."],
  preferences: ["화면 설정", "Display settings"],
  language: ["언어", "Language"],
  theme: ["화면 밝기", "Theme"],
  auto: ["기기 설정", "System"],
  light: ["밝게", "Light"],
  dark: ["어둡게", "Dark"],
  size: ["글자 크기", "Text size"],
  normal: ["보통", "Normal"],
  large: ["크게", "Large"],
  larger: ["더 크게", "Larger"],
  persona: ["말투", "Tone"],
  standard: ["기본", "Default"],
  count: ["{n} / {most}자", "{n} / {most}"],
  too_long: [
    "질문은 {most}자까지 보낼 수 있습니다. 지금 {n}자이니 {over}자를 줄여 주세요. 입력한 내용은 그대로 있습니다.",
    "A question can have up to {most} characters. Yours has {n}; please shorten it by {over}. Your text is kept.",
  ],
  key: ["API 키", "API key"],
  key_needed: ["이용하려면 API 키가 필요합니다", "An API key is required"],
  key_about: [
    "담당자에게 받은 API 키를 입력하세요. 키는 이 탭을 닫을 때까지만 보관합니다.",
    "Enter the API key you were given. It is kept only until you close this tab.",
  ],
  key_wrong: ["API 키가 올바르지 않습니다. 다시 확인하거나 담당자에게 문의하세요.", "This API key is not valid. Check it, or contact the office."],
  enter: ["시작하기", "Continue"],
  retry: ["다시 시도", "Try again"],
  request: ["요청 ID: {id}", "Request ID: {id}"],
  // errors; the keys are the kinds of api.js
  error_offline: [
    "서버에 연결할 수 없습니다. 인터넷 연결을 확인한 뒤 다시 시도하세요.",
    "Cannot reach the server. Check your connection and try again.",
  ],
  error_slow: [
    "응답이 오래 걸려 중단했습니다. 잠시 후 다시 시도하세요.",
    "The server took too long to respond. Try again in a moment.",
  ],
  error_key: ["API 키가 없거나 만료되었습니다. 페이지를 새로 고친 뒤 키를 다시 입력하세요.", "The API key is missing or no longer valid. Reload the page and enter it again."],
  error_forbidden: ["이 요청은 허용되지 않습니다. 담당자에게 문의하세요.", "This is not allowed. Please contact the office."],
  error_site: [
    "이 사이트에서는 사용할 수 없습니다. 사이트 관리자에게 알려 주세요.",
    "The assistant is not available on this site. Please tell the site's administrator.",
  ],
  error_missing: ["문서가 변경되거나 삭제되었습니다. 다시 질문해 주세요.", "The document was changed or removed. Please ask again."],
  error_busy: ["요청이 많아 잠시 기다려야 합니다. {seconds}초 후 다시 시도하세요.", "Too many requests. Try again in {seconds} seconds."],
  error_unready: ["지금은 답변할 수 없습니다. 잠시 후 다시 시도하세요.", "The service is not available right now. Try again in a moment."],
  error_refused: ["질문을 처리할 수 없습니다. 질문을 바꿔서 다시 시도하세요.", "The question could not be processed. Rephrase it and try again."],
  error_broken: [
    "답변하는 중에 오류가 발생했습니다. 다시 시도하고, 계속되면 요청 ID를 담당자에게 알려 주세요.",
    "Something went wrong. Try again; if it keeps happening, give the request ID to the office.",
  ],
  done: ["답변이 완료되었습니다.", "The answer is complete."],
};

export const LANGUAGES = { ko: "한국어", en: "English" };

/** The text `key` in `language`, with its {names} filled. */
export function text(language, key, values = {}) {
  return TEXTS[key][language === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** What a source is called, a page that it names said as people say it. */
export function paged(language, source) {
  return source.replace(/(^|[\s,(])page:?\s*(\d+)(?![\d.])/gi, (_, before, n) => before + text(language, "page", { n }));
}
