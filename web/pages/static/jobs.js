// How far a job is, brought up to date; without this the page is loaded again every few seconds.
"use strict";
(() => {
  const EVERY = 1000;
  const shown = document.querySelector("[data-live]");
  if (!shown) return;
  const look = async () => {
    let page;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(answer.statusText);
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      setTimeout(look, 3 * EVERY);
      return;
    }
    const now = page.querySelector("[data-live]");
    // Where what can be done has changed, the whole page has.
    if (!now || now.dataset.state !== shown.dataset.state) {
      location.reload();
      return;
    }
    // What was said is not said again.
    const told = shown.querySelector("[role=status]");
    const tell = now.querySelector("[role=status]");
    if (told && tell && told.textContent === tell.textContent) tell.replaceWith(told);
    shown.replaceChildren(...now.childNodes);
    setTimeout(look, EVERY);
  };
  setTimeout(look, EVERY);
})();
