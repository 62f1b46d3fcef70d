"""Many small text events of a stream as one: the same answer in fewer pieces, for whoever has to read all of it."""

from __future__ import annotations

import re
from functools import lru_cache

_STATED = rb'"[a-z_]++": ?(?:null|[0-9]++|"[^"\\\n]*+")'  # may be said again without changing anything
_UNGROWN = rb'"[a-z_]++": ?(?:null|[0-9]++)'  # the same inside a choice, where texts add up
_TEXT_EVENT = re.compile(
    rb'(data: \{(?:%b, ?)*+"choices": ?\[\{(?:"index": ?[0-9]++, ?)?+'
    rb'(?:"delta": ?\{(?:"role": ?"assistant", ?)?+"content"|"text"): ?")'
    rb'(?:[^"\\\n]++|\\[^\n])*+'
    rb'("\}?(?:, ?%b)*+\}\](?:, ?%b)*+\})' % (_STATED, _UNGROWN, _STATED)
)
_TEXTS = re.compile(rb'(?:[^"\\]++|\\[^\n])*+')  # insides of JSON strings, one a line
_PADDING = re.compile(rb', ?"obfuscation": ?"[^"\\\n]*+"\}\n\n')
_TRIES = 3  # the first events may say more than the others: a role, say


@lru_cache(
    maxsize=1
)  # at its end a stream is asked for by the watch, by the scan for secrets and by the cache
def merge_texts(stream: bytes) -> bytes:
    """`stream` with one event in the place of a run of events that differ only in their text. What is not plainly
    such a run stays as it is; so does what a reader makes of the whole."""
    if b'"obfuscation"' in stream:
        stream = _PADDING.sub(b"}\n\n", stream)
    events = stream.split(b"\n\n")
    for at, event in enumerate(events[:_TRIES]):
        match = _TEXT_EVENT.fullmatch(event)
        if match is None or at + 1 >= len(events) or not events[at + 1].startswith(match[1]):
            continue
        before, after = match.groups()
        begin, end = len(before), -len(after)
        texts: list[bytes] = []
        for each in events[at:]:
            if len(each) < begin - end or not each.startswith(before) or not each.endswith(after):
                break
            texts.append(each[begin:end])
        if _TEXTS.fullmatch(b"\n".join(texts)) is None:
            break
        events[at : at + len(texts)] = [b"".join((before, *texts, after))]
        return b"\n\n".join(events)
    return stream
