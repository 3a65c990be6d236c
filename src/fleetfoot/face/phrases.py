"""The few sentences around decisions: what became of an order, in English, Korean and Japanese."""

from __future__ import annotations

from fleetfoot.edge.journal.read import OrderRow
from fleetfoot.face.times import clock_time

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "commanded": "commanded {s} s after the estimated onset",
        "commanded_plain": "commanded {s} s after the decision",
        "failed": "not carried out: {error}",
        "open": "no receipt yet",
        "serving": "last task serving {at}",
        "starting": "first task starting {at}",
        "request": "first request to a new task {at}",
        "calm": "within the objective again at {at}",
        "by": "ordered by {who}",
        "scale": "{who} fixed it at {count} tasks{until}{reason}",
        "pause": "{who} paused {what}{until}{reason}",
        "permit": "{who} permitted more than the budget{until}{reason}",
        "resume": "{who} let the policies decide again{reason}",
        "resume_part": "{who} ended the pause of {what}{reason}",
        "zone lost": "{who} marked a zone as lost{reason}",
        "zone back": "{who} said that a zone is there again{reason}",
        "update": "{who} ordered an update{reason}",
        "updated": "the update is done{reason}",
        "rolled back": "the update was rolled back{reason}",
        "growth": "growth",
        "shrink": "scale-in",
        "both": "growth and scale-in",
        "until": " until {at}",
        "wanted": "{before} -> {count}",
        "nothing": "nothing was decided or ordered then",
    },
    "ko": {
        "commanded": "추정 시작 시점 {s}초 뒤 명령",
        "commanded_plain": "결정 {s}초 뒤 명령",
        "failed": "실행되지 않음: {error}",
        "open": "아직 확인 없음",
        "serving": "마지막 태스크 서비스 시작 {at}",
        "starting": "첫 태스크 시작 {at}",
        "request": "새 태스크의 첫 요청 {at}",
        "calm": "{at}에 목표 안으로 복귀",
        "by": "{who} 님의 지시",
        "scale": "{who} 님이 태스크를 {count}개로 고정{until}{reason}",
        "pause": "{who} 님이 {what} 일시 중지{until}{reason}",
        "permit": "{who} 님이 예산 초과를 허가{until}{reason}",
        "resume": "{who} 님이 정책 결정을 다시 허용{reason}",
        "resume_part": "{who} 님이 {what} 일시 중지를 해제{reason}",
        "zone lost": "{who} 님이 존을 장애로 표시{reason}",
        "zone back": "{who} 님이 존의 복구를 표시{reason}",
        "update": "{who} 님이 업데이트를 지시{reason}",
        "updated": "업데이트 완료{reason}",
        "rolled back": "업데이트 롤백{reason}",
        "growth": "확장",
        "shrink": "축소",
        "both": "확장과 축소",
        "until": " ({at}까지)",
        "wanted": "{before} -> {count}",
        "nothing": "그때는 결정이나 명령이 없었습니다",
    },
    "ja": {
        "commanded": "推定開始から {s} 秒後に指示",
        "commanded_plain": "決定から {s} 秒後に指示",
        "failed": "実行されず: {error}",
        "open": "受領なし",
        "serving": "最後のタスクの提供開始 {at}",
        "starting": "最初のタスクの起動 {at}",
        "request": "新しいタスクの最初のリクエスト {at}",
        "calm": "{at} に目標内へ復帰",
        "by": "{who} さんの指示",
        "scale": "{who} さんがタスク数を {count} に固定{until}{reason}",
        "pause": "{who} さんが{what}を一時停止{until}{reason}",
        "permit": "{who} さんが予算超過を許可{until}{reason}",
        "resume": "{who} さんがポリシーによる決定を再開{reason}",
        "resume_part": "{who} さんが{what}の一時停止を解除{reason}",
        "zone lost": "{who} さんがゾーンを障害として記録{reason}",
        "zone back": "{who} さんがゾーンの復旧を記録{reason}",
        "update": "{who} さんが更新を指示{reason}",
        "updated": "更新が完了{reason}",
        "rolled back": "更新をロールバック{reason}",
        "growth": "スケールアウト",
        "shrink": "スケールイン",
        "both": "スケールアウトとスケールイン",
        "until": "({at} まで)",
        "wanted": "{before} -> {count}",
        "nothing": "その時刻には決定も指示もありません",
    },
}


def order_line(order: OrderRow, lang: str) -> str:
    """What became of an order, with its stages."""
    say, shift = PHRASES[lang], order.wall - order.decided

    def at(now: int | None) -> str:
        return clock_time((now or 0) + shift)

    if order.ok is None:
        parts = [say["open"]]
    elif not order.ok:
        parts = [say["failed"].format(error=order.error)]
    else:
        start, words = (order.onset, "commanded") if order.onset is not None else (order.decided, "commanded_plain")
        parts = [say[words].format(s=_seconds((order.commanded or order.decided) - start))]
        if order.last_ready is not None:
            parts.append(say["serving"].format(at=at(order.last_ready)))
        elif order.first_starting is not None:
            parts.append(say["starting"].format(at=at(order.first_starting)))
        if order.back is not None and order.count > order.before and not order.who:
            parts.append(say["calm"].format(at=at(order.back)))
    if order.who:
        parts.insert(0, say["by"].format(who=order.who))
    return ", ".join(parts)


def _seconds(ms: int) -> str:
    """Tenths of a second only where they matter."""
    return f"{ms / 1000:.{1 if 50 <= ms < 9_950 else 0}f}"


def action_line(
    kind: str, who: str, count: int | None, growth: bool, shrink: bool, until: int, reason: str, lang: str
) -> str:
    """What a person did; ``until`` is a wall time in ms, 0 = no end."""
    say = PHRASES[lang]
    what = say["growth"] if growth and not shrink else say["shrink"] if shrink and not growth else say["both"]
    if kind == "resume" and (growth or shrink):
        kind = "resume_part"
    return say[kind].format(
        who=who,
        count=count,
        what=what,
        until=say["until"].format(at=clock_time(until)) if until else "",
        reason=f" ({reason})" if reason else "",
    )
