// Nothing is drawn anew under a pointer that is down: a click reaches the element that was pressed.

const CLICK_MS = 120; // a tap's click comes a moment after the finger left

let pressed = null; // what the pointer, or the space bar, is down on
let timer = 0;
const waiting = new Map(); // element -> what draws it anew

/** Calls `draw`, which replaces what `owner` holds: at once, or after the press that is going on inside it. The newest one counts. */
export function afterPress(owner, draw) {
  if (pressed && owner?.contains(pressed)) waiting.set(owner, draw);
  else draw();
}

function press(event) {
  clearTimeout(timer);
  pressed = event.target;
}

function release() {
  pressed = null;
  const due = [...waiting.values()];
  waiting.clear();
  due.forEach((draw) => draw());
}

// After the click's own listeners, and after a click that never comes: the pointer left the element.
function releaseSoon(event) {
  clearTimeout(timer);
  if (pressed) timer = setTimeout(release, event.type === "click" ? 0 : CLICK_MS);
}

addEventListener("pointerdown", press, true);
addEventListener("keydown", (event) => event.key === " " && press(event), true);
addEventListener("keyup", (event) => event.key === " " && releaseSoon(event), true);
for (const type of ["pointerup", "pointercancel", "click"]) addEventListener(type, releaseSoon, true);
addEventListener("blur", releaseSoon); // of the window
