"""A review of the long card by keys alone, each stroke counted: for tests and measurements."""

from dataclasses import dataclass, field

from playwright.sync_api import Page

CRITERIA, EVIDENCES = 20, 8
ANSWERS = "11152"  # yes, the best level, yes, five points, the second box

WATCH = """
() => {
  const seen = { pointer: 0, shift: 0, paints: [], page: crypto.randomUUID() };
  window.seen = seen;
  for (const name of ['pointerdown', 'mousedown', 'touchstart', 'wheel'])
    addEventListener(name, () => (seen.pointer += 1), { capture: true, passive: true });
  // Also what comes right after a key: the usual measure leaves that out.
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: false });
  addEventListener('keydown', ({ timeStamp }) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => seen.paints.push(performance.now() - timeStamp);
      port2.postMessage(0);
    });
  }, true);
}
"""


@dataclass
class Strokes:
    """Keys pressed one by one; ``pace_ms`` passes after each, as under a person's fingers."""

    page: Page
    pace_ms: int = 0
    pressed: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed.append(key)
            if self.pace_ms:
                self.page.wait_for_timeout(self.pace_ms)


def score_by_keys(strokes: Strokes) -> None:
    """Answer every criterion of ``tests.desk.scorecard``, the first ones with a turn each."""
    for number in range(CRITERIA):
        if number < EVIDENCES:
            strokes.press("a", "e")
        strokes.press(ANSWERS[number % len(ANSWERS)])
        if number < CRITERIA - 1:
            strokes.press("n")
