"""A decision unfolded: every vote, every guard with the count before and after, and what would flip it, in words."""

from __future__ import annotations

from typing import Any

from fleetfoot.core.flips import Flip, Flips, Held
from fleetfoot.core.guards import RESOURCE, SERVICE
from fleetfoot.core.model import Blind, Decision, Vote, Want
from fleetfoot.core.words import LANGUAGES, number, sentence

__all__ = ["FRAMES", "LANGUAGES", "facts", "flip_facts", "flip_lines", "lines"]

FRAMES: dict[str, dict[str, str]] = {
    "en": {
        "vote": "vote", "guard": "guard", "flip": "flip", "want": "wants {tasks}: {why}", "urgent": " (fast step)",
        "above": "; more above {value}", "abstain": "no opinion, blocks nothing: {why}",
        "blind": "cannot see, blocks every scale-in: {why}", "together": "together: {wanted}; now {current}",
        "passed": "{count}, let pass", "changed": "{before} -> {after}: {why}",
        "fixed": "not asked: a person has fixed the count", "ordered": "ordered: {desired}",
        "as_it_is": "as things are: {tasks} in {s} s", "stays": "as things are: no change within {span} s",
        "grows": "grows to {tasks} when {signal} is {value} or more for {s} s",
        "shrinks": "shrinks to {tasks} when {signal} is {value} or less for {s} s",
        "no_growth": "no level of {signal} makes it grow within {span} s: {why}",
        "no_shrink": "no level of {signal} makes it shrink within {span} s: {why}",
        "unknown": "what would flip it is not known: its observations, or the memory before them, are not kept",
    },
    "ko": {
        "vote": "의견", "guard": "가드", "flip": "전환", "want": "{tasks}개 요청: {why}", "urgent": " (빠른 단계)",
        "above": ". {value} 초과 시 더 요청", "abstain": "의견 없음, 아무것도 막지 않음: {why}",
        "blind": "볼 수 없어 모든 축소를 막음: {why}", "together": "종합: {wanted}개, 현재 {current}개",
        "passed": "{count}개, 통과", "changed": "{before} -> {after}: {why}",
        "fixed": "묻지 않음: 사람이 개수를 고정했습니다", "ordered": "지시: {desired}개",
        "as_it_is": "이대로면 {s}초 뒤 {tasks}개", "stays": "이대로면 {span}초 안에는 변화 없음",
        "grows": "{signal}이(가) {s}초 동안 {value} 이상이면 {tasks}개로 확장",
        "shrinks": "{signal}이(가) {s}초 동안 {value} 이하이면 {tasks}개로 축소",
        "no_growth": "{signal}이(가) 어떤 값이어도 {span}초 안에 확장하지 않음: {why}",
        "no_shrink": "{signal}이(가) 어떤 값이어도 {span}초 안에 축소하지 않음: {why}",
        "unknown": "무엇이 바꿀지 알 수 없습니다: 관측이나 그 이전의 메모리가 보관되어 있지 않습니다",
    },
    "ja": {
        "vote": "意見", "guard": "ガード", "flip": "転換", "want": "{tasks}を要求: {why}", "urgent": "（速いステップ）",
        "above": "。{value}を超えると増やす", "abstain": "意見なし、何も妨げない: {why}",
        "blind": "見えないためスケールインをすべて妨げる: {why}", "together": "合計: {wanted}、現在{current}",
        "passed": "{count}、そのまま通過", "changed": "{before} -> {after}: {why}",
        "fixed": "問われない: 人が数を固定しています", "ordered": "指示: {desired}",
        "as_it_is": "このままなら{s}秒後に{tasks}", "stays": "このままなら{span}秒以内は変化なし",
        "grows": "{signal}が{s}秒間{value}以上なら{tasks}に拡張",
        "shrinks": "{signal}が{s}秒間{value}以下なら{tasks}に縮小",
        "no_growth": "{signal}がどの値でも{span}秒以内に拡張しない: {why}",
        "no_shrink": "{signal}がどの値でも{span}秒以内に縮小しない: {why}",
        "unknown": "何で変わるかは分かりません: 観測またはその前のメモリが保存されていません",
    },
}  # fmt: skip


def measure(signal: str, value: float) -> str:
    """A level with its unit: 276/s, 72%, 800 ms; a plain number for signals of the user's own."""
    own = signal.removeprefix("app.")
    if own in ("requests", "completed"):
        return f"{number(value)}/s"
    if own in ("cpu", "memory", "errors"):
        return f"{number(100 * value)}%"
    return f"{number(value)} ms" if own == "latency" else number(value)


def _fixed(decision: Decision) -> bool:
    return any(reason.code == "operator_scale" for reason in decision.reasons)


def facts(decision: Decision, lang: str = "en") -> dict[str, Any]:
    """The votes and every guard in its order, as JSON values with their sentences."""
    trail: dict[str, list[Any]] = {}
    for one in decision.trail:
        trail.setdefault(one.guard, []).append(one)
    guards, count = [], decision.wanted
    order = [] if _fixed(decision) else [name for name, _ in SERVICE]
    for name in (*order, *(name for name, _ in RESOURCE)):
        changes = trail.pop(name, [])
        for change in changes:
            guards.append(
                {"guard": name, "before": change.before, "after": change.after, "code": str(change.reason.code),
                 "text": sentence(change.reason, lang)}
            )  # fmt: skip
            count = change.after
        if not changes:
            guards.append({"guard": name, "before": count, "after": count, "code": "", "text": ""})
    return {"votes": [_vote(name, vote, lang) for name, vote in decision.votes], "guards": guards}


def _vote(name: str, vote: Vote, lang: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "policy": name, "says": type(vote).__name__.lower(), "code": str(vote.reason.code),
        "data": dict(vote.reason.data), "text": sentence(vote.reason, lang),
    }  # fmt: skip
    if isinstance(vote, Want):
        row |= {"tasks": vote.tasks, "urgent": vote.urgent, "flip": vote.flip}
    if isinstance(vote, Blind):
        row |= {"signal": vote.signal, "state": str(vote.state)}
    return row


def lines(decision: Decision, lang: str = "en") -> list[str]:
    """One line a vote, what they are together, one a guard, and the order."""
    said, told = FRAMES[lang], facts(decision, lang)
    votes = []
    for row in told["votes"]:
        text = said[row["says"]].format(tasks=row.get("tasks"), why=row["text"])
        if row.get("urgent"):
            text += said["urgent"]
        if row.get("flip") is not None and "flip" not in row["data"]:
            text += said["above"].format(value=measure(str(row["data"].get("signal", "requests")), row["flip"]))
        votes.append((said["vote"], row["policy"], text))
    votes.append((said["vote"], "=", said["together"].format(wanted=decision.wanted, current=decision.current)))
    guards = [
        (said["guard"], row["guard"], said["changed"].format(before=row["before"], after=row["after"], why=row["text"])
         if row["code"] else said["passed"].format(count=row["after"]))
        for row in told["guards"]
    ]  # fmt: skip
    if _fixed(decision):
        guards.insert(0, (said["guard"], "=", said["fixed"]))
    guards.append((said["guard"], "=", said["ordered"].format(desired=decision.desired)))
    return _columns([*votes, *guards])


def flip_facts(found: Flips) -> dict[str, Any]:
    """What would flip it, as JSON values. Spans in ms, levels in the signal's own unit."""

    def one(row: Flip | Held) -> dict[str, Any]:
        if isinstance(row, Held):
            return {"signal": row.signal, "within": row.span, "held_by": str(row.reason.code)}
        return {"signal": row.signal, "value": row.value, "tasks": row.tasks, "after": row.after}

    now = None if found.now is None else {"tasks": found.now.tasks, "after": found.now.after}
    return {"as_things_are": now, "within": found.span, "grows": [one(row) for row in found.grows],
            "shrinks": [one(row) for row in found.shrinks]}  # fmt: skip


def flip_lines(found: Flips | None, lang: str = "en") -> list[str]:
    """What would flip it, one line each; None: it cannot be worked out any more."""
    said = FRAMES[lang]
    if found is None:
        return _columns([(said["flip"], "", said["unknown"])])
    now = found.now
    texts = [
        said["stays"].format(span=found.span // 1000)
        if now is None
        else said["as_it_is"].format(tasks=now.tasks, s=now.after // 1000)
    ]
    for word, rows in (("grow", found.grows), ("shrink", found.shrinks)):
        for row in rows:
            if isinstance(row, Held):
                why, span = sentence(row.reason, lang), row.span // 1000
                texts.append(said["no_growth" if word == "grow" else "no_shrink"].format(
                    signal=row.signal, span=span, why=why))  # fmt: skip
            else:
                texts.append(said[f"{word}s"].format(
                    signal=row.signal, tasks=row.tasks, value=measure(row.signal, row.value), s=row.after // 1000
                ))  # fmt: skip
    return _columns([(said["flip"], "", text) for text in texts])


def _columns(rows: list[tuple[str, str, str]]) -> list[str]:
    """The first two in columns; what stands under the same word is not said again."""
    wide = max(len(name) for _, name, _ in rows)
    found, before = [], ""
    for word, name, text in rows:
        found.append(f"{word if word != before else ' ' * len(word):<6}{name:<{wide}}  {text}" if wide else
                     f"{word if word != before else ' ' * len(word):<6}{text}")  # fmt: skip
        before = word
    return found
