"""The conversation: questions, answers as they are written, and what stands behind them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import streamlit as st

from mundap.messages import paged
from mundap.ui import passages, votes
from mundap.ui.api_values import Answer, Hit, Message, Settings
from mundap.ui.client import ApiError
from mundap.ui.conversations import Conversations
from mundap.ui.frame import api, language, own, say, settings, told
from mundap.ui.markup import plain, shown

_REMEMBERED = 8  # exchanges that a question may lean on
_NAME = "c"  # of the conversation, in the address
_LONGEST = 2000  # characters of a question, as the API takes it
_DOCUMENTS = 200  # to choose from


@dataclass(frozen=True)
class Turn:
    """A question and what came of it. `problem` is set where there is no whole answer."""

    question: str
    answer: Answer
    problem: ApiError | None = None


@dataclass(frozen=True)
class _Chosen:
    """How questions are answered."""

    top_k: int
    documents: tuple[str, ...]
    persona: str | None


def view() -> None:
    """Draw the conversation."""
    offered = settings()
    turns = _turns()
    chosen = _settings(offered)
    head = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
    head.title(plain(own(offered.title, "title")), anchor=False)
    if head.button(say("reset"), icon=":material/add_comment:", disabled=not turns):
        _begin()
        st.rerun()
    asked = _examples(offered.examples) if not turns else None
    for n, turn in enumerate(turns):
        _show(turn, f"{n}")
    st.bottom.caption(f":material/info: {plain(own(offered.notice, 'notice'))}", text_alignment="center")
    asked = st.chat_input(say("ask"), max_chars=_LONGEST, submit_mode="stop", key="asked") or asked
    if asked and asked.strip():
        _answer(asked.strip(), turns, chosen)


@st.cache_resource(show_spinner=False)
def _conversations() -> Conversations[Turn]:
    return Conversations()


def _turns() -> list[Turn]:
    """Those of this visit or, after a reload, of the conversation in the address. A name that is not known names nothing."""
    turns: list[Turn] | None = st.session_state.get("turns")
    if turns is None:
        named = st.query_params.get(_NAME, "")
        turns = _conversations().find(named)
        if turns is None:
            return _begin()
        st.session_state.turns, st.session_state.conversation = turns, named
    if st.session_state.conversation:  # another view had no place for it
        st.query_params[_NAME] = st.session_state.conversation
    return turns


def _begin() -> list[Turn]:
    """A new conversation; its first answer gives it a name."""
    st.query_params.pop(_NAME, None)
    turns: list[Turn] = []
    st.session_state.turns, st.session_state.conversation = turns, ""
    return turns


def _settings(offered: Settings) -> _Chosen:
    panel = st.sidebar.expander(say("settings"), icon=":material/tune:", key="settings_open", on_change="rerun")
    if not panel.open:  # what is not seen is neither asked for nor loaded
        kept = st.session_state
        return _Chosen(kept.get("top_k", offered.top_k), tuple(kept.get("only", ())), kept.get("persona"))
    with panel:
        top_k = st.slider(say("top_k"), 1, max(20, offered.top_k), offered.top_k, key="top_k", persist_state="session")
        names = _names()
        documents = st.multiselect(
            say("only"),
            list(names),
            format_func=lambda one: names.get(one, one),
            placeholder=say("all"),
            key="only",
            persist_state="session",
        )
        persona = None
        if offered.personas:
            persona = st.selectbox(
                say("persona"), offered.personas, index=None, placeholder="–", key="persona", persist_state="session"
            )
    return _Chosen(top_k, tuple(documents), persona)


def _names() -> dict[str, str]:
    return {one.document_id: one.title or one.source for one in api().documents(_DOCUMENTS).documents}


def _examples(examples: tuple[str, ...]) -> str | None:
    st.write(say("greeting"))
    for n, example in enumerate(examples):
        if st.button(plain(example), key=f"example-{n}", icon=":material/help:"):
            return example
    return None


def _show(turn: Turn, key: str) -> None:
    with st.chat_message("user"):
        st.markdown(shown(turn.question))
    with st.chat_message("assistant"):
        answer = turn.answer
        if answer.text:
            st.markdown(shown(answer.text))
        if turn.problem:
            told(turn.problem)
        elif not answer.request_id:
            st.caption(say("stopped"))
        _sources(answer, key)
        if answer.request_id:
            with st.container(horizontal=True, vertical_alignment="center", key=f"judge-{key}"):
                votes.buttons(answer)
                with st.popover(say("copy"), icon=":material/content_copy:"):
                    st.caption(say("copy_help"))
                    st.code(answer.text, language=None, wrap_lines=True)
                if answer.kind:
                    with st.popover(say("details"), icon=":material/info:"):
                        _details(answer)
            votes.form(answer)


def _details(answer: Answer) -> None:
    """How far the documents bear the answer out, what was asked for, and what was searched for."""
    st.write(say("support", share=f"{answer.support:.0%}"))
    st.write(say("kind", kind=say(f"kind_{answer.kind}")))
    if answer.searched:
        st.write(say("searched", question=plain(answer.searched)))


def _sources(answer: Answer, key: str) -> None:
    """A button for each passage that the answer cites, or for the nearest ones if it withholds."""
    quotes: dict[str, list[str]] = {}
    for citation in answer.citations:
        quotes.setdefault(citation.passage_id, []).append(citation.quote)
    found = [hit for hit in answer.hits if hit.passage_id in quotes or answer.abstained]
    if not found:
        return
    with st.container(gap=None):
        st.caption(say("nearest" if answer.abstained else "sources"))
        for hit in found:
            if st.button(
                plain(f"[{hit.rank}] {_label(hit)}"),
                key=f"source-{key}-{hit.passage_id}",
                icon=":material/description:",
                type="tertiary",
            ):
                passages.show(hit.passage_id, tuple(quotes.get(hit.passage_id, ())))


def _label(hit: Hit) -> str:
    page = say("page", page=hit.page) if hit.page else ""
    return " · ".join(part for part in (paged(hit.source, language()), hit.heading, page) if part)


def _answer(question: str, turns: list[Turn], chosen: _Chosen) -> None:
    """Show the answer while it is written, and keep what there is of it, also if the visitor stops it."""
    with st.chat_message("user"):
        st.markdown(shown(question))
    answer, problem = Answer(text=""), None
    with st.chat_message("assistant"):
        writing = st.empty()
        writing.markdown(f":gray[{say('searching')}]")
        try:
            asked = _history(question, turns)
            with closing(api().stream(asked, chosen.top_k, chosen.documents, chosen.persona)) as pieces:
                for piece in pieces:
                    answer = piece if isinstance(piece, Answer) else Answer(text=answer.text + piece)
                    writing.markdown(shown(answer.text) or f":gray[{say('searching')}]")
        except ApiError as error:
            problem = error
        finally:  # the stop button ends the run by an exception
            turns.append(Turn(question, answer, problem))
            st.session_state.conversation = st.session_state.conversation or _conversations().keep(turns)
    st.rerun()


def _history(question: str, turns: list[Turn]) -> list[Message]:
    said: list[Message] = []
    for turn in turns[-_REMEMBERED:]:
        if turn.answer.request_id:
            said += [Message(role="user", text=turn.question), Message(role="assistant", text=turn.answer.text)]
    return [*said, Message(role="user", text=question)]
