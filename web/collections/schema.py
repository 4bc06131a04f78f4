"""The tables of ``collections.db``, as a row of migrations that is only ever added to."""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("collections")

# What a change of a collection is written down for, row by row.
TRACKED = {
    "folders": ("id", "name", "parent", "position"),
    "collections": ("id", "folder", "name", "description", "position", "deleted"),
    "items": (
        *("id", "collection", "record_id", "record_hash", "source", "position", "note"),
        *("added", "added_by"),
    ),
    "tags": ("id", "collection", "name", "position"),
    "item_tags": ("id", "item", "tag"),
    "duplicates": ("id", "item", "main"),
    "distinct_pairs": ("id", "item", "other"),
}


@migrations()
def accounts(db: Database) -> None:
    """Users, their sessions and their tokens."""
    _run(
        db,
        """
        create table users (
            id integer primary key autoincrement,
            name text not null unique collate nocase,
            role text not null check (role in ('reader', 'librarian', 'administrator')),
            password text not null,
            disabled integer not null default 0,
            created text not null
        );
        create table sessions (
            hash text primary key,
            user integer not null references users(id),
            created text not null,
            expires text not null
        );
        create index sessions_user on sessions(user);
        create table tokens (
            id integer primary key autoincrement,
            user integer not null references users(id),
            name text not null,
            hash text not null unique,
            scope text not null check (scope in ('search', 'read', 'write', 'administer')),
            created text not null,
            expires text not null,
            revoked text
        );
    """,
    )


@migrations()
def collections(db: Database) -> None:
    """Collections, and the triggers that write every change of a row into the history."""
    _run(
        db,
        """
        create table folders (
            id integer primary key autoincrement,
            name text not null,
            parent integer references folders(id),
            position real not null
        );
        create table collections (
            id integer primary key autoincrement,
            folder integer references folders(id),
            name text not null,
            description text not null default '',
            position real not null,
            deleted text
        );
        create table records (
            hash text primary key,
            data text not null,
            prepared text
        );
        create table items (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            record_id text not null,
            record_hash text not null references records(hash),
            source text not null,
            position real not null,
            note text not null default '',
            added text not null,
            added_by text not null,
            unique (collection, record_id)
        );
        create index items_position on items(collection, position, id);
        create table tags (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            name text not null,
            position real not null,
            unique (collection, name)
        );
        create table item_tags (
            id integer primary key autoincrement,
            item integer not null references items(id),
            tag integer not null references tags(id),
            unique (item, tag)
        );
        create index item_tags_tag on item_tags(tag);
        create table shares (
            id integer primary key autoincrement,
            collection integer not null references collections(id),
            hash text not null unique,
            created text not null,
            created_by text not null,
            revoked text
        );
        create table changes (
            id integer primary key autoincrement,
            collection integer references collections(id),
            at text not null,
            who text not null,
            action text not null,
            detail text not null default '{}'
        );
        create index changes_collection on changes(collection, id);
        create table change_rows (
            id integer primary key autoincrement,
            change integer not null references changes(id),
            tracked text not null,
            row integer not null,
            before text,
            after text
        );
        create index change_rows_change on change_rows(change);
        -- The change under way; without one no tracked row can be written.
        create table current_change (change integer not null);
    """,
    )
    _track(db, "folders", "collections", "items", "tags", "item_tags")


@migrations()
def duplicates(db: Database) -> None:
    """Records that are handled as one with another, and pairs that were declared not to be."""
    _run(
        db,
        """
        create table duplicates (
            id integer primary key autoincrement,
            item integer not null unique references items(id),
            main integer not null references items(id)
        );
        create index duplicates_main on duplicates(main);
        create table distinct_pairs (
            id integer primary key autoincrement,
            item integer not null references items(id),
            other integer not null references items(id),
            unique (item, other)
        );
        create index distinct_pairs_other on distinct_pairs(other);
    """,
    )
    # Whatever is undone in whatever order: a main record is never itself under another.
    for event in ("insert", "update"):
        db.conn.execute(
            f"create trigger duplicates_flat_{event} before {event} on duplicates "  # noqa: S608
            "when new.item = new.main or exists "
            "(select 1 from duplicates where item = new.main or main = new.item) "
            "begin select raise(abort, 'a main record cannot be under another'); end"
        )
    _track(db, "duplicates", "distinct_pairs")


def _track(db: Database, *tables: str) -> None:
    """Write every change of a row of ``tables`` into the history."""
    for table in tables:
        columns = TRACKED[table]
        old, new = (
            f"json_object({', '.join(f'{c!r}, {which}.{c}' for c in columns)})"
            for which in ("old", "new")
        )
        for event, row, before, after in (
            ("insert", "new", "null", new),
            ("update", "new", old, new),
            ("delete", "old", old, "null"),
        ):
            db.conn.execute(
                f"create trigger {table}_{event} after {event} on {table} begin "  # noqa: S608
                "insert into change_rows (change, tracked, row, before, after) values "
                f"((select change from current_change), '{table}', {row}.id, {before}, {after});"
                " end"
            )


def _run(db: Database, statements: str) -> None:
    # Not executescript, which would end the migration's transaction.
    for statement in statements.split(";\n"):
        db.conn.execute(statement)
