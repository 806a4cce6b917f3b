"""Clients that do not read what they are sent keep no place at the door from others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="the extra serve is not installed")

import uvicorn
from uvicorn.server import ServerState

from mundap.cli.serve import listener
from mundap.serve import door
from mundap.serve.asker import subscriber
from mundap.serve.door import Connection, Door

PIECE, PIECES = b"x" * 65536, 200  # more than the buffers of a socket hold
ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """A large answer below /large, else a small one."""
    pieces = PIECES if scope["path"] == "/large" else 1
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for n in range(pieces):
        await send(
            {"type": "http.response.body", "body": PIECE[: 1 if pieces == 1 else None], "more_body": n + 1 < pieces}
        )


@asynccontextmanager
async def listening(at: Door) -> AsyncIterator[int]:
    config = uvicorn.Config(app, log_config=None, lifespan="off")
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(config=config, server_state=ServerState(), app_state={}, _loop=loop, door=at),
        "127.0.0.1",
        0,
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


def unread(port: int) -> socket.socket:
    """A client that asks for much and reads nothing."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    client.send(ASK.replace(b"/ ", b"/large "))
    return client


async def answered(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ASK)
    try:
        return await asyncio.wait_for(reader.readline(), 5)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_what_is_not_read_is_not_waited_for() -> None:
    async def tried() -> None:
        at = Door(8, 8, 10, unread=0.3)
        async with listening(at) as port:
            client = unread(port)
            for _ in range(100):
                await asyncio.sleep(0.05)
                if not at._open:
                    break
            assert not at._open
            client.close()

    asyncio.run(tried())


@pytest.mark.slow
def test_a_slow_reader_is_given_all_of_it() -> None:
    async def tried() -> None:
        async with listening(Door(8, 8, 10, unread=1)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(ASK.replace(b"/ ", b"/large "))
            read = 0
            while read < len(PIECE) * PIECES:
                read += len(await asyncio.wait_for(reader.read(1 << 20), 5))
                await asyncio.sleep(0.05)
            writer.close()

    asyncio.run(tried())


def test_where_all_places_are_taken_by_who_does_not_read_others_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_SLOW", 0.2)

    async def tried() -> None:
        async with listening(Door(6, 6, 10)) as port:
            clients = [unread(port) for _ in range(6)]
            await asyncio.sleep(0.1)
            assert await answered(port) == b""  # they may read yet
            await asyncio.sleep(0.6)
            for _ in range(3):
                assert await answered(port) == b"HTTP/1.1 200 OK\r\n"
            for client in clients:
                client.close()

    asyncio.run(tried())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8:0:0:ffff::1", "2001:db8::1", True),
        ("2001:db8:0:1::1", "2001:db8::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "other", False),
    ],
)
def test_all_addresses_of_a_subscriber_count_as_one(one: str, other: str, same: bool) -> None:
    assert (subscriber(one) == subscriber(other)) is same


def test_an_answer_is_sent_at_once() -> None:
    """In two packets, of which the second must not wait for the client to acknowledge the first."""
    at_once: list[int] = []

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        at_once.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def work() -> None:
        with listener("127.0.0.1", 0) as bound:
            async with await asyncio.start_server(served, sock=bound):
                reader, writer = await asyncio.open_connection(*bound.getsockname())
                await reader.read()
                writer.close()

    asyncio.run(work())
    assert at_once
    assert at_once[0]
