"""One sentence a reason code and language. Fields are the reason's numbers; ``_s`` fields are spans in seconds."""

# ruff: noqa: E501

from __future__ import annotations

from fleetfoot.core.reasons import Code

EN: dict[str, str] = {
    Code.DEMAND: "{upper_en}{rate}/s at {per_task}/s a task{extra_en}",
    Code.FORECAST: "{rate}/s now; a task ordered now serves in {lead_s} s, when there is to be room for {ahead}/s at {per_task}/s a task{extra_en}",
    Code.RETURNS: "{rate}/s now, but a surge that has come every {period_s} s is due: room for {ahead}/s{extra_en}",
    Code.AHEAD_ENOUGH: "the present count carries {ahead}/s, which is to be expected in {lead_s} s or was within the last minutes{flip_en}",
    Code.QUEUE: "work for {seconds} s is queued ({outstanding} requests) although the rate looks fine",
    Code.TRACKING: "{signal} is {value} against a target of {target}, so {to} tasks",
    Code.STEP: "{signal} is {value}, past {threshold}: the step goes from {from} to {to}",
    Code.STEP_COOLDOWN: "{signal} is past its threshold, but this step is taken already or its cooldown runs",
    Code.NOT_BREACHED: "{signal} has not passed {threshold}",
    Code.ANY_BREACHED: "{signal} is {value}, above {threshold}",
    Code.ALL_CLEAR: "all are below their bounds: {signals}",
    Code.WITHIN_TOLERANCE: "{signal} is {value}, close enough to its target of {target}",
    Code.SATURATED: "the tasks are saturated at {rate}/s, so the true demand is higher",
    Code.TOO_FEW_SAMPLES: "too few samples of {signal} yet",
    Code.SIGNAL_UNUSABLE: "{signal} is {state}",
    Code.NO_WANT: "no policy wants a change",
    Code.BLIND_HOLDS_SHRINK: "no scale-in while a signal cannot be seen",
    Code.ENOUGH: "the present count is enough{flip_en}",
    Code.STARTING: "still starting: {starting}{flip_en}",
    Code.OPERATOR_SCALE: "{who} set it to {count}",
    Code.OPERATOR_PAUSE: "{who} paused {what}",
    Code.LAUNCHES_SLOWED: "{failed} starts in a row failed ({why}): one task at a time, {wait_s} s apart",
    Code.LAUNCHES_FAILING: "needs a person: {failed} starts in a row failed ({why}); scale-out is stopped but for a probe a minute",
    Code.CAPACITY_DOES_NOT_HELP: "needs a person: going from {from} to {to} tasks neither completed more requests nor cut latency, so the delay lies elsewhere",
    Code.INCIDENT_HOLD: "demand fell from {before}/s to {now}/s in a way that looks like an incident ({sign}); held for {left_s} s",
    Code.INCIDENT_RELEASE: "after the hold the count goes down in steps",
    Code.COVERAGE_LOW: "only {coverage_pct} of the tasks report {signal}",
    Code.WINDOWS_FILLING: "no scale-in before there is enough history: {left_s} s more",
    Code.DEPLOYING: "no scale-in while revision {revision} is being deployed",
    Code.WOULD_FLAP: "{tasks} tasks would have to grow again at once for {rate}/s",
    Code.STABILISING: "the wish that counts over the last {window_s} s is {largest}",
    Code.RECENT_SURGE: "a surge was answered just now; no scale-in for {left_s} s",
    Code.COOLDOWN: "cooldown for {left_s} s more",
    Code.RATE_OF_CHANGE: "the rate of change allows {allowed}",
    Code.GRANT: "the quota of cores leaves this service {granted}",
    Code.LAUNCH_RATE: "the platform starts {burst} tasks at once and {rate} a second after that: {now} of them now",
    Code.BELOW_MINIMUM: "the minimum is {minimum}",
    Code.ABOVE_MAXIMUM: "the maximum is {maximum}",
    Code.NEEDED_NOW: "present demand needs {needed}, although the maximum is {maximum}",
    Code.WARM_RISE: "lately the rate rose by {rise}/s within {span_s} s; the tasks that serve have {spare}/s to spare, a warm one adds {per_task}/s",
    Code.WARM_FADING: "{needed} would do now; the pool is halved in an hour, so that it does not come and go",
    Code.WARM_MINIMUM: "its minimum; lately the rate rose by {rise}/s at most within {span_s} s, and the tasks that serve have {spare}/s to spare",
    Code.WARM_MAXIMUM: "its maximum; lately the rate rose by {rise}/s within {span_s} s, and the tasks that serve have {spare}/s to spare",
    Code.WARM_NO_ROOM: "{wish} are wanted, but with the ordered tasks there may be no more than {maximum}",
    Code.WARM_UNKNOWN: "its minimum, since it is not known yet what a task carries",
}

KO: dict[str, str] = {
    Code.DEMAND: "초당 요청 {upper_ko}{rate}건, 태스크당 {per_task}건{extra_ko}",
    Code.FORECAST: "현재 초당 {rate}건, 지금 지시한 태스크는 {lead_s}초 뒤에 서비스합니다. 그때 초당 {ahead}건을 처리할 수 있어야 하며 태스크당 {per_task}건입니다{extra_ko}",
    Code.RETURNS: "현재 초당 {rate}건이지만 {period_s}초마다 오던 급증이 다가옵니다. 초당 {ahead}건을 준비합니다{extra_ko}",
    Code.AHEAD_ENOUGH: "현재 태스크 수로 초당 {ahead}건을 처리합니다. {lead_s}초 뒤에 예상되거나 최근에 있었던 수준입니다{flip_ko}",
    Code.QUEUE: "요청률은 정상으로 보이지만 {seconds}초 분량의 작업({outstanding}건)이 대기 중입니다",
    Code.TRACKING: "{signal} 값이 {value}, 목표는 {target}이므로 태스크 {to}개가 필요합니다",
    Code.STEP: "{signal} 값 {value}이(가) 임계값 {threshold}을(를) 벗어나 {from}개에서 {to}개로 조정합니다",
    Code.STEP_COOLDOWN: "{signal}이(가) 임계값을 벗어났지만 이 단계는 이미 적용되었거나 쿨다운 중입니다",
    Code.NOT_BREACHED: "{signal}이(가) 임계값 {threshold}을(를) 벗어나지 않았습니다",
    Code.ANY_BREACHED: "{signal} 값 {value}이(가) {threshold}보다 높습니다",
    Code.ALL_CLEAR: "모두 기준보다 낮습니다: {signals}",
    Code.WITHIN_TOLERANCE: "{signal} 값 {value}은(는) 목표 {target}의 허용 범위 안입니다",
    Code.SATURATED: "태스크가 초당 {rate}건에서 포화 상태이므로 실제 수요는 더 많습니다",
    Code.TOO_FEW_SAMPLES: "{signal} 표본이 아직 부족합니다",
    Code.SIGNAL_UNUSABLE: "{signal} 신호를 쓸 수 없습니다({state})",
    Code.NO_WANT: "변경을 원하는 정책이 없습니다",
    Code.BLIND_HOLDS_SHRINK: "보이지 않는 신호가 있어 축소하지 않습니다",
    Code.ENOUGH: "현재 태스크 수로 충분합니다{flip_ko}",
    Code.STARTING: "태스크 {starting}개가 시작하는 중입니다{flip_ko}",
    Code.OPERATOR_SCALE: "{who} 님이 {count}개로 지정했습니다",
    Code.OPERATOR_PAUSE: "{who} 님이 일시 중지했습니다: {what}",
    Code.LAUNCHES_SLOWED: "시작이 연속 {failed}번 실패했습니다({why}). {wait_s}초 간격으로 하나씩만 늘립니다",
    Code.LAUNCHES_FAILING: "사람의 조치가 필요합니다: 시작이 연속 {failed}번 실패했습니다({why}). 1분에 한 번 시험하는 것 외에는 확장을 멈춥니다",
    Code.CAPACITY_DOES_NOT_HELP: "사람의 조치가 필요합니다: {from}개에서 {to}개로 늘렸지만 처리량도 지연 시간도 나아지지 않았습니다. 원인은 다른 곳에 있습니다",
    Code.INCIDENT_HOLD: "수요가 초당 {before}건에서 {now}건으로 장애처럼 줄었습니다({sign}). {left_s}초 동안 유지합니다",
    Code.INCIDENT_RELEASE: "유지 시간이 끝나 단계적으로 줄입니다",
    Code.COVERAGE_LOW: "태스크의 {coverage_pct}만 {signal}을(를) 보고합니다",
    Code.WINDOWS_FILLING: "기록이 충분해질 때까지 축소하지 않습니다: {left_s}초 남음",
    Code.DEPLOYING: "리비전 {revision} 배포 중에는 축소하지 않습니다",
    Code.WOULD_FLAP: "태스크 {tasks}개로는 초당 {rate}건 때문에 곧바로 다시 늘려야 합니다",
    Code.STABILISING: "최근 {window_s}초를 통틀어 인정되는 요청은 {largest}개입니다",
    Code.RECENT_SURGE: "방금 급증에 대응했으므로 {left_s}초 동안 축소하지 않습니다",
    Code.COOLDOWN: "쿨다운 {left_s}초 남음",
    Code.RATE_OF_CHANGE: "변경 속도 제한에 따라 {allowed}개까지 허용됩니다",
    Code.GRANT: "코어 할당량에 따라 이 서비스는 {granted}개까지 가능합니다",
    Code.LAUNCH_RATE: "플랫폼은 한 번에 {burst}개, 이후 초당 {rate}개의 태스크를 시작합니다. 지금 가능한 수: {now}개",
    Code.BELOW_MINIMUM: "최소는 {minimum}개입니다",
    Code.ABOVE_MAXIMUM: "최대는 {maximum}개입니다",
    Code.NEEDED_NOW: "최대는 {maximum}개이지만 현재 수요에는 {needed}개가 필요합니다",
    Code.WARM_RISE: "최근 {span_s}초 안에 요청률이 초당 {rise}건 늘었습니다. 서비스 중인 태스크의 여유는 초당 {spare}건, 웜 태스크 하나는 초당 {per_task}건을 더합니다",
    Code.WARM_FADING: "지금은 {needed}개로 충분합니다. 잦은 변동을 막기 위해 한 시간에 절반씩 줄입니다",
    Code.WARM_MINIMUM: "최소값입니다. 최근 {span_s}초 안에 요청률은 많아야 초당 {rise}건 늘었고, 서비스 중인 태스크의 여유는 초당 {spare}건입니다",
    Code.WARM_MAXIMUM: "최대값입니다. 최근 {span_s}초 안에 요청률이 초당 {rise}건 늘었고, 서비스 중인 태스크의 여유는 초당 {spare}건입니다",
    Code.WARM_NO_ROOM: "{wish}개가 필요하지만 지시된 태스크와 합쳐 {maximum}개를 넘을 수 없습니다",
    Code.WARM_UNKNOWN: "최소값입니다. 태스크 하나의 처리량을 아직 알 수 없습니다",
}

JA: dict[str, str] = {
    Code.DEMAND: "毎秒{upper_ja}{rate}リクエスト、1タスクあたり{per_task}{extra_ja}",
    Code.FORECAST: "現在毎秒{rate}。今指示したタスクは{lead_s}秒後に稼働し、その時に毎秒{ahead}を処理できる必要があります(1タスクあたり{per_task}){extra_ja}",
    Code.RETURNS: "現在毎秒{rate}ですが、{period_s}秒ごとに来ていた急増の時刻が近づいています。毎秒{ahead}に備えます{extra_ja}",
    Code.AHEAD_ENOUGH: "現在のタスク数で毎秒{ahead}を処理できます。{lead_s}秒後の予想、または最近の水準です{flip_ja}",
    Code.QUEUE: "リクエスト率は正常に見えますが、{seconds}秒分の処理({outstanding}件)が待っています",
    Code.TRACKING: "{signal}は{value}、目標は{target}のため{to}タスクが必要です",
    Code.STEP: "{signal}が{value}でしきい値{threshold}を外れたため、{from}から{to}に変更します",
    Code.STEP_COOLDOWN: "{signal}はしきい値を外れていますが、このステップは適用済みかクールダウン中です",
    Code.NOT_BREACHED: "{signal}はしきい値{threshold}を外れていません",
    Code.ANY_BREACHED: "{signal}が{value}で{threshold}を上回っています",
    Code.ALL_CLEAR: "すべて基準を下回っています: {signals}",
    Code.WITHIN_TOLERANCE: "{signal}は{value}で、目標{target}の許容範囲内です",
    Code.SATURATED: "タスクは毎秒{rate}件で飽和しているため、実際の需要はさらに多いです",
    Code.TOO_FEW_SAMPLES: "{signal}のサンプルがまだ足りません",
    Code.SIGNAL_UNUSABLE: "{signal}は使えません({state})",
    Code.NO_WANT: "変更を求めるポリシーはありません",
    Code.BLIND_HOLDS_SHRINK: "見えないシグナルがあるためスケールインしません",
    Code.ENOUGH: "現在のタスク数で足りています{flip_ja}",
    Code.STARTING: "{starting}タスクが起動中です{flip_ja}",
    Code.OPERATOR_SCALE: "{who}が{count}に設定しました",
    Code.OPERATOR_PAUSE: "{who}が{what}を一時停止しました",
    Code.LAUNCHES_SLOWED: "起動が{failed}回続けて失敗しました({why})。{wait_s}秒おきに1タスクずつ増やします",
    Code.LAUNCHES_FAILING: "人の対応が必要です: 起動が{failed}回続けて失敗しました({why})。1分に1回の試行を除き拡張を止めます",
    Code.CAPACITY_DOES_NOT_HELP: "人の対応が必要です: {from}から{to}タスクに増やしても処理量もレイテンシも改善しません。原因は別の所にあります",
    Code.INCIDENT_HOLD: "需要が毎秒{before}から{now}へ障害のように減りました({sign})。{left_s}秒間維持します",
    Code.INCIDENT_RELEASE: "維持期間が終わり、段階的に減らします",
    Code.COVERAGE_LOW: "{signal}を報告しているタスクは{coverage_pct}だけです",
    Code.WINDOWS_FILLING: "履歴が十分になるまでスケールインしません: 残り{left_s}秒",
    Code.DEPLOYING: "リビジョン{revision}のデプロイ中はスケールインしません",
    Code.WOULD_FLAP: "{tasks}タスクでは毎秒{rate}件に対してすぐに増やし直すことになります",
    Code.STABILISING: "直近{window_s}秒間を通して認められる要求は{largest}タスクです",
    Code.RECENT_SURGE: "急増に対応した直後のため、{left_s}秒間スケールインしません",
    Code.COOLDOWN: "クールダウン残り{left_s}秒",
    Code.RATE_OF_CHANGE: "変更速度の制限により{allowed}まで許されます",
    Code.GRANT: "コアの割り当てにより、このサービスは{granted}までです",
    Code.LAUNCH_RATE: "プラットフォームは一度に{burst}、その後は毎秒{rate}のタスクを起動します。今起動できるのは{now}です",
    Code.BELOW_MINIMUM: "最小は{minimum}です",
    Code.ABOVE_MAXIMUM: "最大は{maximum}です",
    Code.NEEDED_NOW: "最大は{maximum}ですが、現在の需要には{needed}が必要です",
    Code.WARM_RISE: "最近、{span_s}秒のうちにリクエスト率が毎秒{rise}増えました。稼働中のタスクの余裕は毎秒{spare}、ウォームタスク1つで毎秒{per_task}増えます",
    Code.WARM_FADING: "今は{needed}で足ります。増減を繰り返さないよう1時間で半分に減らします",
    Code.WARM_MINIMUM: "最小値です。最近、{span_s}秒のうちのリクエスト率の増加は多くて毎秒{rise}、稼働中のタスクの余裕は毎秒{spare}です",
    Code.WARM_MAXIMUM: "最大値です。最近、{span_s}秒のうちにリクエスト率が毎秒{rise}増え、稼働中のタスクの余裕は毎秒{spare}です",
    Code.WARM_NO_ROOM: "{wish}が必要ですが、指示済みのタスクと合わせて{maximum}を超えられません",
    Code.WARM_UNKNOWN: "最小値です。1タスクの処理量がまだ分かりません",
}

SENTENCES: dict[str, dict[str, str]] = {"en": EN, "ko": KO, "ja": JA}

EXTRA = {
    "en": ", and {extra} more for what has queued",
    "ko": ", 대기 중인 작업을 위해 {extra}개 추가",
    "ja": "、待ち行列のために{extra}追加",
}
UPPER = {"en": "up to ", "ko": "최대 ", "ja": "最大"}  # what a scale-in must still carry, not what was measured
FLIP = {
    "en": "; it would grow above {flip}/s",
    "ko": ". 초당 {flip}건을 넘으면 늘립니다",
    "ja": "。毎秒{flip}を超えると増やします",
}

# values from closed lists, which a reason carries as a word; a word that is not here is a name and is told as it is
TERMS: dict[str, dict[str, str]] = {
    "en": {"in_flight": "requests in flight", "growth": "scale-out"},
    "ko": {
        "fresh": "정상",
        "stale": "오래됨",
        "missing": "없음",
        "absurd": "터무니없는 값",
        "empty": "비어 있음",
        "censored": "하한값만 보임",
        "growth": "확장",
        "scale-in": "축소",
        "errors": "오류 증가",
        "latency": "지연 시간 증가",
        "in_flight": "처리 중 요청 증가",
        "deeper than ever": "지금까지 없던 감소",
    },
    "ja": {
        "fresh": "正常",
        "stale": "古い",
        "missing": "欠落",
        "absurd": "ありえない値",
        "empty": "空",
        "censored": "下限値のみ",
        "growth": "スケールアウト",
        "scale-in": "スケールイン",
        "errors": "エラーの増加",
        "latency": "レイテンシの増加",
        "in_flight": "処理中リクエストの増加",
        "deeper than ever": "過去にない減少",
    },
}
TERM_FIELDS = ("state", "what", "sign")

# the frame around reasons: how a decision is told
GROW = {"en": "{current} -> {desired}", "ko": "{current} -> {desired}", "ja": "{current} -> {desired}"}
HELD = {"en": "held at {current}", "ko": "{current}개로 유지", "ja": "{current}で維持"}
POOL = {"en": "warm pool of {tasks}: {why}", "ko": "웜 풀 {tasks}개: {why}", "ja": "ウォームプール{tasks}: {why}"}
WANTED = {"en": "{policy} wanted {count}", "ko": "{policy} 정책은 {count}개 요청", "ja": "{policy}は{count}を要求"}
CLOCKS = {  # the four of DESIGN: what they are together, then each
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
