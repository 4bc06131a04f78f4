// Keys for screening; every button works without them.
"use strict";
(() => {
  // One press is one decision, however long the answer takes.
  let sent = false;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.tagName === "INPUT") {
      wanted.focus();
      return;
    }
    if (sent) return;
    sent = true;
    wanted.click();
  });
  window.addEventListener("pageshow", () => { sent = false; });
})();
