"""The catalog's tables. They are made by the migrations; a test holds the two together."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
papers = sa.Table(
    "papers",
    metadata,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),  # of the text that counts, one of its revisions
    sa.Column("title_key", sa.Text, nullable=False, index=True),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("published", sa.Text),
    sa.Column("updated", sa.Text),
    sa.Column("listed", sa.Text),
    sa.Column("imported", sa.Text, nullable=False),
    sa.Column("day", sa.Integer, nullable=False, index=True),  # YYYYMMDD of Paper.day
    sa.Column("url", sa.Text),
    sa.Column("venue", sa.Text),
    sa.Column("categories", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("attention", sa.JSON),  # [[name, count, seen], …]
    sa.Column("chunks", sa.JSON, nullable=False),  # [[start, end], …] as they are in the vector store
)
changes = sa.Table(  # of each paper the newest change; a greater number is a later one
    "changes",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("paper_id", sa.Text, nullable=False, index=True, unique=True),
    sqlite_autoincrement=True,  # a number is never given twice, also after the last entry is deleted
)
index_positions = sa.Table(
    "index_positions",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),  # the index holds all changes up to this one
    sa.Column("written", sa.Text, nullable=False),  # the change counter when the index was last written
)
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("abstract", sa.Text, nullable=False),
    sa.Column("spans", sa.JSON, nullable=False),  # [[start, end], …] of the sentences
    sa.Column("named", sa.JSON(none_as_null=True)),  # [[authors, published, url], …] of the paper while it stood
    sa.Column("roles", sa.Text),  # of the sentences, as `rag.roles.encode` writes them; NULL until computed
    sa.Column("brought", sa.JSON(none_as_null=True)),  # [name, format, owner] of who brought the text
)
_LACKING = revisions.c.roles.is_(None)
sa.Index("ix_revisions_lacking_roles", revisions.c.paper_id, sqlite_where=_LACKING, postgresql_where=_LACKING)
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, nullable=False, index=True),
)
unions = sa.Table(  # of two papers by a record, with what both were before
    "unions",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("merged_id", sa.Text, nullable=False, index=True),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("brought", sa.JSON, nullable=False),
    sa.Column("surviving", sa.JSON, nullable=False),  # {row, aliases, texts} as `stores.sql.unions` writes them
    sa.Column("merged", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
)
apart = sa.Table(  # ids of papers that a reader split
    "apart",
    metadata,
    sa.Column("kept", sa.Text, primary_key=True),
    sa.Column("restored", sa.Text, primary_key=True),
)
notices = sa.Table(  # of retractions, by the id that each names
    "notices",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("notice", sa.Text, nullable=False),  # the id of the notice; empty if it has none
    sa.Column("seen", sa.Text, nullable=False),
)
labels = sa.Table(  # what filters look up: categories and tags in lower case, keys of authors' names (rag.authors)
    "labels",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True, index=True),
)
settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", sa.Text, nullable=False, index=True),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),  # id, paper, sentence and quote of each sentence shown
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("repair", sa.Text, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
)
spending = sa.Table(
    "spending",
    metadata,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("tokens", sa.Integer, nullable=False),
)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("watermark", sa.Text),  # the day of the last whole pull
    sa.Column("checked", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("state", sa.JSON, nullable=False),  # what the provider wants kept, such as an ETag
    sa.Column("runs", sa.JSON, nullable=False),  # [{day, new, failed}, …]
)

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("first", sa.Text, nullable=False),  # the first day, ISO, and the day after the last
    sa.Column("end", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),  # as `digest --json` prints it
    sa.Column("forms", sa.JSON, nullable=False),  # what is delivered: subject, and text by format
    sa.Column("considered", sa.JSON, nullable=False),  # {paper id: hash of its text} of all papers that were listed
)
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),  # planned, sending, sent, failed, unknown, dismissed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("planned", sa.Text, nullable=False),
    sa.Column("changed", sa.Text, nullable=False),
    sa.Column("due", sa.Text),  # when it may be tried; NULL is not by itself
    sa.Column("handed", sa.Text),  # when the attempt passed the point from which the receiver may have it
    sa.Column("detail", sa.Text, nullable=False),
)
readers = sa.Table(  # of the library; `local` is that of the command line
    "readers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),  # reader, curator, admin
    sa.Column("email", sa.Text),
    sa.Column("key", sa.Text, nullable=False),  # signs the links in the reader's mails, which end with the reader
    sa.Column("rated", sa.Integer, nullable=False),  # how often the reader has rated
    sa.Column("created", sa.Text, nullable=False),
)
ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True, index=True),
    sa.Column("rating", sa.Integer, nullable=False),  # 1 liked, -1 disliked
    sa.Column("rated", sa.Text, nullable=False),
)
answers = sa.Table(  # of the served library, a reader's own
    "answers",
    metadata,
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", sa.Text, nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),  # as `ask --json` or `review --json` prints it
    sa.Column("kind", sa.Text, nullable=False, server_default="answer"),  # answer, review
    sa.Column("shared", sa.Text, index=True, unique=True),  # the secret of a link that other readers may open
)
tokens = sa.Table(  # by which programs sign in to the served library
    "tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),  # SHA-256 of the secret
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("used", sa.Text),  # the last day
    sa.Column("name", sa.Text, nullable=False, server_default=""),
    sa.Column("scope", sa.Text, nullable=False, server_default="write"),  # read, write
    sa.Column("expires", sa.Text),  # the last day
)
sign_ins = sa.Table(  # what signs a browser in
    "sign_ins",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),  # SHA-256 of the secret
    sa.Column("kind", sa.Text, nullable=False),  # code, of a link for one use; session, of a cookie
    sa.Column("reader", sa.Text, nullable=False, index=True),
    sa.Column("until", sa.Text, nullable=False),
)
subscriptions = sa.Table(  # that readers made; others are in refdesk.toml
    "subscriptions",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False, index=True),
    sa.Column("settings", sa.JSON, nullable=False),  # as a table [subscriptions.NAME] of refdesk.toml
    sa.Column("changed", sa.Text, nullable=False),
)
feed_links = sa.Table(  # secret addresses at which feed readers find a reader's issues
    "feed_links",
    metadata,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False, index=True),
    sa.Column("secret", sa.Text, nullable=False, unique=True),
)
unsubscribed = sa.Table(  # addresses that want no mails of a subscription any more
    "unsubscribed",
    metadata,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("address", sa.Text, primary_key=True),  # in lower case
    sa.Column("since", sa.Text, nullable=False),
)
jobs = sa.Table(  # of the served library: what one writer does after another
    "jobs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # import, sync, resend
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),  # receiving, waiting, running, done, failed
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("changed", sa.Text, nullable=False),
    sa.Column("progress", sa.JSON, nullable=False),
    sa.Column("report", sa.JSON(none_as_null=True)),
)
uploads = sa.Table(  # the bytes of a job, kept until it ends
    "uploads",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
themes = sa.Table(  # of past periods, so that a theme that goes on keeps its id and name
    "themes",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),  # which papers they were found among
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("papers", sa.Text, nullable=False),  # a hash over these papers
    sa.Column("themes", sa.JSON, nullable=False),
)
