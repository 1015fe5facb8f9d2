"use strict";
// Two comforts over the plain page: copy buttons, and the page that turns paid by itself. Nothing needs this file.
(() => {
  const FIRST_WAIT = 4000, LONGEST_WAIT = 30000, LONGEST_WATCH = 20 * 60 * 1000;

  const say = (words) => { document.getElementById("news").textContent = words; };

  const showButtons = (root) => {
    if (navigator.clipboard) root.querySelectorAll("button[data-copy]").forEach((button) => { button.hidden = false; });
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(button.dataset.done);
      const label = button.textContent;
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    } catch { /* refused by the browser: the number is there to be selected */ }
  });

  const renew = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) return;
    document.querySelector("main").replaceWith(fresh);
    document.title = page.title;
    showButtons(fresh);
    say(fresh.querySelector(".state strong").textContent);
  };

  const watch = () => {
    const main = document.querySelector("main");
    const began = Date.now();
    let wait = FIRST_WAIT;
    const look = async () => {
      const state = document.querySelector("main").dataset.state;
      if (!main.dataset.watch || Date.now() - began > LONGEST_WATCH) return;
      if (!document.hidden) {
        try {
          const answer = await fetch(main.dataset.watch, { cache: "no-store" });
          if (answer.ok && (await answer.json()).state !== state) { await renew(); return; }
          wait = answer.ok ? Math.min(wait * 1.15, LONGEST_WAIT) : LONGEST_WAIT;
        } catch { wait = LONGEST_WAIT; }
      }
      setTimeout(look, wait);
    };
    setTimeout(look, wait);
  };

  showButtons(document);
  watch();
})();
