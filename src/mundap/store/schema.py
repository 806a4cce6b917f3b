"""The tables of a record, once, as SQLite reads them, and what PostgreSQL needs to read the same.

On SQLite they lie in the files they always lay in; a store makes those it uses. On PostgreSQL they lie in one schema,
which is brought to the newest version by the numbered steps of MIGRATIONS. The statements of the stores are the same on
both: PostgreSQL is given the few functions that SQLite has beyond it, and text is compared byte by byte, as SQLite does.
"""

from __future__ import annotations

import re

CORPUS = """
CREATE TABLE IF NOT EXISTS documents(
    id TEXT PRIMARY KEY, source TEXT NOT NULL UNIQUE, title TEXT NOT NULL, meta TEXT NOT NULL,
    text TEXT NOT NULL, fingerprint TEXT NOT NULL,
    added TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')));
CREATE TABLE IF NOT EXISTS texts(
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, ordinal INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (document_id, ordinal));
CREATE TABLE IF NOT EXISTS passages(
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    parent_id TEXT NOT NULL, ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER,
    heading TEXT NOT NULL, source TEXT NOT NULL, meta TEXT NOT NULL, text TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages(document_id);
CREATE INDEX IF NOT EXISTS passages_by_family ON passages(parent_id, id);
CREATE INDEX IF NOT EXISTS passages_by_source ON passages(source);
CREATE TABLE IF NOT EXISTS questions(
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    passage_id TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, row INTEGER);
CREATE INDEX IF NOT EXISTS questions_by_document ON questions(document_id);
CREATE TABLE IF NOT EXISTS state(token TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes(number INTEGER PRIMARY KEY AUTOINCREMENT, passage_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS marks(token TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused(source TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS access(source TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (source, tag)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS followers(
    holder TEXT NOT NULL, token TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (holder, token)) WITHOUT ROWID;
"""
FEEDBACK = """
CREATE TABLE IF NOT EXISTS answers(
    id INTEGER PRIMARY KEY, request_id TEXT NOT NULL, session TEXT,
    time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')),
    question TEXT NOT NULL, answer TEXT NOT NULL, abstained INTEGER NOT NULL,
    cited TEXT NOT NULL, shown TEXT NOT NULL, model TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS answers_by_request ON answers(request_id);
CREATE INDEX IF NOT EXISTS answers_by_time ON answers(time);
CREATE TABLE IF NOT EXISTS feedback(
    id INTEGER PRIMARY KEY, answer_id INTEGER NOT NULL REFERENCES answers(id),
    time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')),
    verdict TEXT NOT NULL, comment TEXT NOT NULL, answer TEXT NOT NULL, passage_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS feedback_by_answer ON feedback(answer_id);
CREATE TABLE IF NOT EXISTS reviewed(
    answer_id INTEGER PRIMARY KEY REFERENCES answers(id) ON DELETE CASCADE, vote INTEGER NOT NULL);
"""
CONVERSATIONS = """
CREATE TABLE IF NOT EXISTS turns(
    id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL,
    owner TEXT NOT NULL DEFAULT '', time TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS turns_by_session ON turns(session, id);
"""
USAGE = """
CREATE TABLE IF NOT EXISTS used(
    owner TEXT NOT NULL, day TEXT NOT NULL, what TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY(owner, day, what));
CREATE TABLE IF NOT EXISTS uploads(source TEXT PRIMARY KEY, owner TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS uploads_by_owner ON uploads(owner);
"""
# Files on one machine, which are rows where there are several: API keys, the audit log, and what signs cookies.
_SHARED = """
CREATE TABLE IF NOT EXISTS secrets(name TEXT PRIMARY KEY, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys(name TEXT PRIMARY KEY, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit(
    id INTEGER PRIMARY KEY, time TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ')), said TEXT NOT NULL);
"""

SQLITE_ONLY = """
DROP INDEX IF EXISTS passages_by_parent;
CREATE TRIGGER IF NOT EXISTS passage_came AFTER INSERT ON passages
    BEGIN INSERT INTO changes(passage_id) VALUES (new.id); END;
CREATE TRIGGER IF NOT EXISTS passage_went AFTER DELETE ON passages
    BEGIN INSERT INTO changes(passage_id) VALUES (old.id); END;
INSERT INTO state SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM state);
"""

SCHEMA = "mundap"  # of the tables in PostgreSQL
SEEN = "mundap_seen"  # of what somebody sees of them, who has the tags of a setting
SEES, CLOSED = "mundap.sees", "mundap.closed"  # those settings: a JSON array of tags, and one of beginnings of sources

_TRIGGERS = """
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO mundap.changes(passage_id) VALUES (old.id);
    ELSE
        INSERT INTO mundap.changes(passage_id) VALUES (new.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER passage_changed AFTER INSERT OR DELETE ON passages FOR EACH ROW EXECUTE FUNCTION note_change();
INSERT INTO state SELECT substr(md5(random()::text || clock_timestamp()::text), 1, 16);
"""
_FUNCTIONS = r"""
CREATE FUNCTION instr(text, text) RETURNS integer IMMUTABLE PARALLEL SAFE LANGUAGE sql AS 'SELECT strpos($1, $2)';
CREATE FUNCTION json_extract(text, text) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT CASE json_typeof(found) WHEN 'boolean' THEN (found #>> '{}')::boolean::integer::text
        WHEN 'array' THEN (SELECT '[' || coalesce(string_agg(e::text, ','), '') || ']' FROM json_array_elements(found) e)
        ELSE found #>> '{}' END
    FROM (SELECT $1::json -> btrim(substr($2, 3), '"') AS found) f $$;
CREATE FUNCTION json_each(text, text) RETURNS TABLE(value text) IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT e FROM (SELECT $1::json -> btrim(substr($2, 3), '"') AS found) f, json_array_elements_text(
        CASE WHEN json_typeof(found) = 'array' THEN found ELSE json_build_array(found) END) e WHERE found IS NOT NULL $$;
CREATE FUNCTION json_each(text) RETURNS TABLE(key text, value text) IMMUTABLE PARALLEL SAFE LANGUAGE sql AS
    'SELECT e.key, e.value FROM pg_catalog.json_each_text($1::json) e';
"""
# What a server has for itself where it is alone: how often somebody may ask, which outlives no crash, and settings.
_TOGETHER = """
CREATE UNLOGGED TABLE IF NOT EXISTS rates(
    owner TEXT PRIMARY KEY, tokens DOUBLE PRECISION NOT NULL, since DOUBLE PRECISION NOT NULL);
CREATE TABLE IF NOT EXISTS settings(key TEXT PRIMARY KEY, before TEXT NOT NULL, said TEXT NOT NULL);
"""
MIGRATIONS = ("".join((CORPUS, FEEDBACK, CONVERSATIONS, USAGE, _SHARED)), _TOGETHER)
_ALONGSIDE = {1: (_FUNCTIONS, _TRIGGERS)}  # what PostgreSQL has before and after the tables of a version

# Made anew with every version. A setting that is not there is an error, and shows nothing.
VIEWS = f"""
DROP SCHEMA IF EXISTS {SEEN} CASCADE;
CREATE SCHEMA {SEEN};
CREATE VIEW {SEEN}.documents AS SELECT d.* FROM {SCHEMA}.documents d
    WHERE (NOT EXISTS (SELECT 1 FROM {SCHEMA}.access a WHERE a.source = d.source)
        OR EXISTS (SELECT 1 FROM {SCHEMA}.access a WHERE a.source = d.source
            AND a.tag IN (SELECT json_array_elements_text(current_setting('{SEES}')::json))))
    AND NOT EXISTS (SELECT 1 FROM json_array_elements_text(current_setting('{CLOSED}')::json) c(folder)
        WHERE starts_with(d.source, c.folder));
CREATE VIEW {SEEN}.passages AS SELECT p.* FROM {SCHEMA}.passages p
    WHERE EXISTS (SELECT 1 FROM {SEEN}.documents d WHERE d.id = p.document_id)
    AND (p.meta::json ->> 'access' IS NULL
        OR EXISTS (SELECT 1 FROM {SCHEMA}.json_each(p.meta, '$.access') t
            WHERE t.value IN (SELECT json_array_elements_text(current_setting('{SEES}')::json))));
CREATE VIEW {SEEN}.questions AS SELECT q.* FROM {SCHEMA}.questions q
    WHERE EXISTS (SELECT 1 FROM {SEEN}.passages p WHERE p.id = q.passage_id);
CREATE VIEW {SEEN}.texts AS SELECT t.* FROM {SCHEMA}.texts t
    WHERE EXISTS (SELECT 1 FROM {SEEN}.documents d WHERE d.id = t.document_id);
CREATE VIEW {SEEN}.refused AS SELECT * FROM {SCHEMA}.refused WHERE FALSE;
"""

# SQLite's words as PostgreSQL says them; the first that matches counts.
_WORDS = (
    (r"INTEGER PRIMARY KEY( AUTOINCREMENT)?", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
    (r"INTEGER", "BIGINT"),
    (r"TEXT", 'TEXT COLLATE "C"'),
    (r" WITHOUT ROWID", ""),
    (
        r"\(strftime\('%Y-%m-%dT%H:%M:%SZ'\)\)",
        """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')""",
    ),
)
_ORDERED = ("passages", "questions")  # tables whose rows SQLite numbers by itself, and in whose order they are read


def migration(version: int) -> str:
    """The statements that lead PostgreSQL from the version before to this one."""
    script = MIGRATIONS[version - 1]
    for word, said in _WORDS:
        script = re.sub(word, lambda _, said=said: said, script)  # type: ignore[misc]
    for table in _ORDERED:
        numbered = "rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE"
        script = re.sub(rf"(CREATE TABLE IF NOT EXISTS {table}\(.*?)\);", rf"\1, {numbered});", script, flags=re.DOTALL)
    before, after = _ALONGSIDE.get(version, ("", ""))
    return before + script + after
