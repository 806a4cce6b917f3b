"""Who uses a cluster: they upload, delete, ask and vote through the balancer, and remember what was acknowledged."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx

SUBJECTS = ("연차", "병가", "출장", "회의실", "주차", "보안", "교육", "급여")
MOST = 24  # uploads that are there at once
_AGAIN = (502, 503, 504, 507)  # of a balancer, or of a server whose record or index is away
_PAUSE = 0.3  # seconds before trying again
_RESTED = 0.15  # seconds between two requests of one client


def text(number: int) -> str:
    """A document that no other is like."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    return f"# {subject} 규정 {number}번\n\n{mark(number)}\n\n{subject} 신청은 {number % 28 + 1}일 전에 합니다.\n"


def mark(number: int) -> str:
    """A sentence that only this document has."""
    return f"{number}번 규정의 관리 번호는 제{number * 1000 + 7}호입니다."


@dataclass
class Ledger:
    """What was acknowledged. `maybe` are votes of which nobody heard: each is there once or not at all."""

    documents: dict[int, str] = field(default_factory=dict)  # number to id
    deleted: dict[int, float] = field(default_factory=dict)  # number to when that was acknowledged
    votes: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)
    answers: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    last: float = field(default_factory=time.monotonic)  # when the last request succeeded
    longest: float = 0.0  # seconds without an answer
    lock: Lock = field(default_factory=Lock)

    def succeeded(self) -> None:
        """Note that somebody got what they asked for."""
        with self.lock:
            now = time.monotonic()
            self.longest = max(self.longest, now - self.last)
            self.last = now
            self.answers += 1


class Clients:
    """Several of each kind, in threads, until `stop`."""

    def __init__(self, address: str, headers: dict[str, str], ledger: Ledger, seed: int) -> None:
        self._address = address
        self._headers = headers
        self._ledger = ledger
        self._seed = seed
        self._stopped = threading.Event()
        self._numbers = iter(range(1, 1_000_000))
        self._threads = [
            threading.Thread(target=self._guarded, args=(n, work), daemon=True)
            for n, work in enumerate((self._write, self._write, self._ask, self._ask, self._vote))
        ]

    def start(self) -> None:
        """Begin."""
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Have all of them finish what they do, and not begin anything."""
        self._stopped.set()
        for one in self._threads:
            one.join(180)
            if one.is_alive():
                self._ledger.wrong.append("a client waits for an answer that does not come")

    def _guarded(self, number: int, work: Callable[[httpx.Client, random.Random], None]) -> None:
        chance = random.Random(f"{self._seed} {number}")
        with httpx.Client(base_url=self._address, headers=self._headers, timeout=120) as client:
            while not self._stopped.is_set():
                try:
                    work(client, chance)
                except Exception as error:
                    self._ledger.wrong.append(f"{work.__name__}: {error!r}")
                    return
                time.sleep(_RESTED)

    def _send(
        self, client: httpx.Client, method: str, path: str, once: bool = False, **what: Any
    ) -> httpx.Response | None:
        """The answer, asked for again while that is to be expected; None if it was asked for `once` only and nobody
        knows whether it was done, or the clients stop."""
        while True:
            try:
                answer = client.request(method, path, **what)
            except httpx.TransportError:
                status = 0
            else:
                status = answer.status_code
            with self._ledger.lock:
                self._ledger.statuses[status] += 1
            if status and status not in _AGAIN:
                if answer.is_success:
                    self._ledger.succeeded()
                elif status != 404:
                    raise AssertionError(f"{method} {path}: {status} {answer.text[:200]}")
                return answer
            if once or (self._stopped.is_set() and method != "DELETE"):
                return None
            time.sleep(_PAUSE)

    # -- what they do ---------------------------------------------------------------------------------------------

    def _write(self, client: httpx.Client, chance: random.Random) -> None:
        ledger = self._ledger
        with ledger.lock:
            there = sorted(ledger.documents)
            if len(there) > MOST or (len(there) > 4 and chance.random() < 0.35):
                gone = chance.choice(there)
                document = ledger.documents.pop(gone)  # neither there nor gone until that is acknowledged
            else:
                gone, document = 0, ""
        if gone:
            answer = self._send(client, "DELETE", f"/documents/{document}")
            assert answer is not None  # 404: it was done, and not heard of
            with ledger.lock:
                ledger.deleted[gone] = time.monotonic()
            return
        number = next(self._numbers)
        file = {"files": (f"{number:05}.md", text(number).encode())}
        answer = self._send(client, "POST", "/documents", files=file)
        if answer is None:
            return
        if answer.json()["skipped"]:
            ledger.wrong.append(f"document {number}: {answer.text[:300]}")
            return
        listed = self._send(client, "GET", "/documents", params={"q": f"uploads/{number:05}.md"})
        if listed is not None:
            found = listed.json()["documents"]
            if len(found) != 1:
                ledger.wrong.append(f"document {number} is there {len(found)} times after its upload")
                return
            with ledger.lock:
                ledger.documents[number] = found[0]["document_id"]

    def _ask(self, client: httpx.Client, chance: random.Random) -> None:
        ledger = self._ledger
        with ledger.lock:
            there, gone = sorted(ledger.documents), sorted(ledger.deleted)[-30:]
        if not there and not gone:
            return
        number = chance.choice(gone if gone and chance.random() < 0.4 else there or gone)
        deleted = number in gone
        answer = self._send(client, "POST", "/search", json={"query": mark(number), "top_k": 10})
        if answer is None or answer.status_code != 200:
            return
        texts = [str(hit["text"]) for hit in answer.json()["hits"]]
        if deleted and any(mark(number) in one for one in texts):
            ledger.wrong.append(f"document {number} is found although its deletion was acknowledged")
        with ledger.lock:
            still = number in ledger.documents
        if not deleted and still and not any(mark(number) in one for one in texts):
            ledger.wrong.append(
                f"document {number} is not found although it was acknowledged: {[one[:40] for one in texts]}"
            )

    def _vote(self, client: httpx.Client, chance: random.Random) -> None:
        ledger = self._ledger
        subject = chance.choice(SUBJECTS)
        began = time.monotonic()
        answer = self._send(client, "POST", "/query", json={"query": f"{subject} 신청은 며칠 전에 하나요?"})
        if answer is None or answer.status_code != 200:
            return
        said = answer.text
        with ledger.lock:
            gone = [number for number, when in ledger.deleted.items() if when < began]
        for number in gone:
            if f"제{number * 1000 + 7}호" in said:
                ledger.wrong.append(f"document {number} is in an answer although its deletion was acknowledged")
        comment = f"의견 {chance.randrange(10**9)}"
        with ledger.lock:
            ledger.maybe.add(comment)
        vote = {"request_id": answer.json()["request_id"], "verdict": "up", "comment": comment}
        kept = self._send(client, "POST", "/feedback", once=True, json=vote)
        if kept is not None and kept.is_success:
            with ledger.lock:
                ledger.maybe.discard(comment)
                ledger.votes.add(comment)
