// Recent searches: kept by this browser alone, shown where a search begins. A query can tell of a
// patient, and terminals are shared: they can be cleared, and keeping them can be stopped.
"use strict";
(() => {
  const KEY = "jmedsearch.recent";
  const STOPPED = "jmedsearch.recent.stopped";
  const MOST = 10;

  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) || "[]");
      return Array.isArray(kept) ? kept.filter((one) => one && one.q && one.path) : [];
    } catch {
      return []; // storage is switched off, or holds what we did not write
    }
  };
  const stopped = () => {
    try {
      return localStorage.getItem(STOPPED) !== null;
    } catch {
      return true;
    }
  };

  const form = document.getElementById("search");
  if (form && "found" in form.dataset && !stopped()) {
    const address = new URL(location.href);
    // The same search is kept once, whatever page and language it was read in.
    address.searchParams.delete("page");
    address.searchParams.delete("lang");
    const one = { q: address.searchParams.get("q"), path: address.pathname + address.search };
    const kept = [one, ...read().filter((other) => other.path !== one.path)].slice(0, MOST);
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Storage is full or switched off: nothing is kept.
    }
  }

  const section = document.getElementById("recent");
  const keep = document.getElementById("keep");
  if (!section) return;
  const list = section.querySelector("ul");
  const show = () => {
    const kept = read().filter((one) => /^\/(exact)?\?/.test(one.path));
    list.replaceChildren(...kept.map((one) => {
      const link = document.createElement("a");
      link.href = one.path;
      link.textContent = one.q;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
    section.hidden = !kept.length;
    keep.hidden = !stopped();
  };
  section.querySelector("[data-do=clear]").addEventListener("click", () => {
    localStorage.removeItem(KEY);
    show();
    form.elements.q.focus();
  });
  section.querySelector("[data-do=stop]").addEventListener("click", () => {
    localStorage.removeItem(KEY);
    localStorage.setItem(STOPPED, "1");
    show();
    keep.querySelector("button").focus();
  });
  keep.querySelector("button").addEventListener("click", () => {
    localStorage.removeItem(STOPPED);
    show();
    form.elements.q.focus();
  });
  show();
})();
