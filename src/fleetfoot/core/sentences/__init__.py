"""One sentence a reason code and language. Fields are the reason's numbers; ``_s`` fields are spans in seconds."""

from __future__ import annotations

from fleetfoot.core.sentences import en, ja, ko

SENTENCES = {"en": en.SENTENCES, "ko": ko.SENTENCES, "ja": ja.SENTENCES}

# values from closed lists, which a reason carries as a word; a word that is not here is a name and is told as it is
TERMS = {"en": en.TERMS, "ko": ko.TERMS, "ja": ja.TERMS}
TERM_FIELDS = ("level", "state", "what", "sign", "budget", "rule", "writer")

# parts of sentences
EXTRA = {
    "en": ", and {extra} more for what has queued",
    "ko": ", 대기 중인 작업을 위해 {extra}개 추가",
    "ja": "、待ち行列のために{extra}追加",
}
SOONER = {  # than if only as many were ordered as are missing
    "en": ", and {sooner} more so that the quickest starts are enough",
    "ko": ", 가장 빨리 시작되는 태스크만으로 충분하도록 {sooner}개 추가",
    "ja": "、最も早く起動したものだけで足りるように{sooner}追加",
}
UPPER = {"en": "up to ", "ko": "최대 ", "ja": "最大"}  # what a scale-in must still carry, not what was measured
FLIP = {
    "en": "; it would grow above {flip}/s",
    "ko": ". 초당 {flip}건을 넘으면 늘립니다",
    "ja": "。毎秒{flip}を超えると増やします",
}

# the frame around reasons: how a decision is told
GROW = {"en": "{current} -> {desired}", "ko": "{current} -> {desired}", "ja": "{current} -> {desired}"}
HELD = {"en": "held at {current}", "ko": "{current}개로 유지", "ja": "{current}で維持"}
POOL = {"en": "warm pool of {tasks}: {why}", "ko": "웜 풀 {tasks}개: {why}", "ja": "ウォームプール{tasks}: {why}"}
WANTED = {"en": "{policy} wanted {count}", "ko": "{policy} 정책은 {count}개 요청", "ja": "{policy}は{count}を要求"}
CLOCKS = {  # the four of docs/words.md: what they are together, then each
    "en": ("p95 from the estimated onset: ", ("decided {s} s", "commanded {s} s", "serving {s} s", "calm {s} s"), ", "),
    "ko": ("추정 시작 시점부터 p95: ", ("결정 {s}초", "명령 {s}초", "서비스 {s}초", "목표 복귀 {s}초"), ", "),
    "ja": ("推定開始からのp95: ", ("決定{s}秒", "指示{s}秒", "提供{s}秒", "目標復帰{s}秒"), "、"),
}
LEARNT = {  # what the engine has learnt of a service: what it is together, each part, and the comma
    "en": {
        "title": "learnt: ", "startup": "start-up {p50} s (p95 {p95} s)",
        "quick": "{quick} ms a request when nothing waits", "forecast": "the rate ahead {forecast}, {margin} margin",
        "surges": "a surge to {rate}/s every {period}, the next at {at}", "comma": "; ",
        "h": "{n} h", "min": "{n} min",
    },
    "ko": {
        "title": "학습한 값: ", "startup": "시작 {p50}초 (p95 {p95}초)",
        "quick": "대기가 없을 때 요청당 {quick}ms", "forecast": "예측 요청률은 {forecast}, 여유 {margin}",
        "surges": "{period}마다 {rate}/s까지 급증, 다음은 {at}", "comma": "; ",
        "h": "{n}시간", "min": "{n}분",
    },
    "ja": {
        "title": "学習値: ", "startup": "起動{p50}秒（p95 {p95}秒）",
        "quick": "待ちがないとき1リクエスト{quick}ms", "forecast": "予測レートは{forecast}、余裕{margin}",
        "surges": "{period}ごとに{rate}/sへ急増、次は{at}", "comma": "、",
        "h": "{n}時間", "min": "{n}分",
    },
}  # fmt: skip
FORECASTS = {  # by the member of the panel that speaks (``core/forecast.py``)
    "en": {"level": "as it is", "quick": "as the last 10 s change", "steady": "as the last minute changes"},
    "ko": {"level": "현재 그대로", "quick": "최근 10초 추세대로", "steady": "최근 1분 추세대로"},
    "ja": {"level": "現状のまま", "quick": "直近10秒の変化どおり", "steady": "直近1分の変化どおり"},
}
GUARD = {
    "en": "{guard}: {before} -> {after}, {why}",
    "ko": "{guard}: {before} -> {after}, {why}",
    "ja": "{guard}: {before} -> {after}、{why}",
}
