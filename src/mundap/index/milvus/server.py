"""A connection to Milvus: what passes is tried again, and what does not is one sentence."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from mundap.errors import ConfigError, IndexUnavailable, ServerError
from mundap.extras import Untyped, need
from mundap.redact import hidden
from mundap.stopping import pause

TOKEN = "MUNDAP_MILVUS_TOKEN"  # the environment variable of the token, or of USER:PASSWORD
CALL_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
# gRPC would try a server that was away for long again after two minutes only.
_CHANNEL = {"grpc.max_reconnect_backoff_ms": 2_000}
_WAITS = (0.5, 1.0, 2.0, 4.0)  # seconds before asking again
_NO_COLLECTION, _NOT_LOADED = 100, 101
_PASSING = (2, 8, 106, 502, 503)  # unavailable, rate limit, not fully loaded, node and channel not available
_SAID_LIMIT = 300

_T = TypeVar("_T")


class NoCollection(IndexUnavailable):
    """A collection that is not there (any more)."""


class MilvusServer:
    """The Milvus at `uri`: a server's address, or a file that Milvus Lite opens in this process. Connects when first asked.

    Threads may share one. Raises ConfigError for an address that none could be.
    """

    def __init__(self, uri: str, token: str = "") -> None:
        if not uri:
            raise ConfigError(
                'mundap.toml의 [index] uri에 Milvus 서버 주소를 지정하세요. 예: uri = "http://127.0.0.1:19530"'
            )
        if "@" in uri:
            raise ConfigError(
                f"[index] uri에는 이름과 비밀번호를 적지 않습니다({hidden(uri)}). 환경 변수 {TOKEN}에 '이름:비밀번호'로 지정하세요."
            )
        self._uri = uri
        self._token = token
        self._client: Untyped = None
        self._lock = Lock()

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        return hidden(self._uri)

    def ask(self, what: Callable[[Untyped], _T], collection: str = "") -> _T:
        """What `what` gets of the client of pymilvus; it may be called several times, and changes nothing by that.

        `collection` is the one that it reads, which is loaded if it is not. Raises IndexUnavailable for a server that cannot
        be reached, NoCollection, and ServerError for any other trouble.
        """
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # or gRPC writes its own troubles on the terminal
        pymilvus = need("pymilvus", extra="milvus")
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # it logs what it raises, with pages of traces
        for wait in (*_WAITS, None):
            try:
                return self._asked(pymilvus, what, collection)
            except pymilvus.exceptions.MilvusException as error:
                if error.code == _NO_COLLECTION:
                    raise NoCollection(f"{self.shown}에 컬렉션 {collection}이(가) 없습니다.") from error
                if not (error.retriable or error.code in _PASSING) or _is_refusal(error.message):
                    raise self._told(error.message) from error
                trouble: Exception = error
            except Exception as error:
                if not _is_rpc(error):
                    raise
                trouble = error
            if wait is None:
                raise self._unreachable(trouble) from trouble
            pause(wait)
        raise AssertionError("the last try returns or raises")

    def version(self) -> str:
        """What the server says that it is."""
        return str(self.ask(lambda client: client.get_server_version()))

    def _asked(self, pymilvus: Untyped, what: Callable[[Untyped], _T], collection: str) -> _T:
        with self._lock:
            if self._client is None:
                self._client = pymilvus.MilvusClient(
                    uri=self._uri, token=self._token, timeout=_CONNECT_SECONDS, grpc_options=_CHANNEL
                )
            client = self._client
        try:
            return what(client)
        except pymilvus.exceptions.MilvusException as error:
            if error.code != _NOT_LOADED or not collection:
                raise
            client.load_collection(collection, timeout=CALL_SECONDS)  # a server that was started again may need that
            return what(client)

    def _unreachable(self, error: Exception) -> IndexUnavailable:
        return IndexUnavailable(
            f"색인 서버 {self.shown}에 연결할 수 없습니다. Milvus가 실행 중인지, mundap.toml의 [index] uri가 올바른지 확인하세요."
            f" ({self._clean(getattr(error, 'message', str(error)))})"
        )

    def _told(self, said: str) -> ServerError:
        if _is_refusal(said):
            return ServerError(
                f"색인 서버 {self.shown}이(가) 인증을 거부했습니다. 환경 변수 {TOKEN}를 확인하세요. ({self._clean(said)})"
            )
        return ServerError(
            f"색인 서버 {self.shown}이(가) 요청을 처리하지 못했습니다. Milvus의 로그를 확인하세요. ({self._clean(said)})"
        )

    def _clean(self, said: str) -> str:
        text = " ".join(said.split())
        return (text.replace(self._token, "***") if self._token else text)[:_SAID_LIMIT]


def _is_refusal(said: str) -> bool:
    return "auth" in said.lower()


def _is_rpc(error: Exception) -> bool:
    """Whether gRPC raised it: a connection that broke while something was asked."""
    return isinstance(error, need("grpc", extra="milvus").RpcError)
