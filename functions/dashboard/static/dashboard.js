"use strict";
// Comforts over plain pages: an upload with progress, and pages that renew themselves. Every page works without it
// but the upload's progress.
(() => {
  const FIRST_WAIT = 1500, LONGEST_WAIT = 10000;

  const say = (words) => { document.getElementById("news").textContent = words; };

  const renew = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) return;
    document.querySelector("main").replaceWith(fresh);
    document.title = page.title;
    const state = fresh.querySelector(".badge");
    if (state) say(state.textContent);
  };

  const watch = () => {
    let wait = FIRST_WAIT;
    const look = async () => {
      const main = document.querySelector("main");
      if (!main.dataset.watch) return;
      if (!document.hidden) {
        try {
          const answer = await fetch(main.dataset.watch, { cache: "no-store" });
          if (answer.ok && (await answer.json()).state !== main.dataset.state) { await renew(); wait = FIRST_WAIT; }
          else wait = Math.min(wait * 1.2, LONGEST_WAIT);
        } catch { wait = LONGEST_WAIT; }
      }
      setTimeout(look, wait);
    };
    setTimeout(look, wait);
  };

  const enableUpload = (form) => {
    const drop = document.getElementById("drop"), input = document.getElementById("file");
    const progress = document.getElementById("progress"), problem = document.getElementById("upload-problem");
    drop.hidden = false;

    const fail = (words) => { problem.textContent = words; problem.hidden = false; progress.hidden = true; input.disabled = false; };

    const send = async (file) => {
      problem.hidden = true;
      if (!/\.xlsx$/i.test(file.name)) { fail(form.dataset.kind); return; }
      input.disabled = true;
      progress.hidden = false;
      const fields = new URLSearchParams({ form_key: form.elements.form_key.value, filename: file.name, as: "json" });
      let started;
      try {
        const answer = await fetch(form.action, { method: "POST", body: fields });
        if (!answer.ok) throw new Error(answer.status);
        started = await answer.json();
      } catch { fail(form.dataset.failed); return; }
      const body = new FormData();
      for (const [name, value] of Object.entries(started.fields)) body.append(name, value);
      body.append("file", file);
      const request = new XMLHttpRequest();
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        const share = Math.round((event.loaded / event.total) * 100);
        progress.querySelector("progress").value = share;
        progress.querySelector("span").textContent = share + " %";
      });
      request.addEventListener("load", () => {
        if (request.status >= 200 && request.status < 300) location.href = form.dataset.next + started.upload_id;
        else fail(form.dataset.failed);
      });
      request.addEventListener("error", () => fail(form.dataset.failed));
      request.open("POST", started.url);
      request.send(body);
      say(form.dataset.sending);
    };

    input.addEventListener("change", () => { if (input.files.length) send(input.files[0]); });
    ["dragover", "dragleave", "drop"].forEach((kind) => drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
    }));
  };

  const upload = document.getElementById("upload");
  if (upload) enableUpload(upload);
  watch();

  // A form that shows what it would do while somebody types.
  document.querySelectorAll("form[data-preview]").forEach((form) => {
    let timer, asked = 0;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const mine = ++asked, fields = new URLSearchParams(new FormData(form));
        fields.set("do", "preview");
        try {
          const answer = await fetch(form.action, { method: "POST", body: fields });
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = page.getElementById(form.dataset.preview) && answer.status < 500 ? page : null;
          // The problems of a refused text stand where its preview would.
          if (!fresh || mine !== asked) return;
          const place = document.getElementById(form.dataset.preview), shown = fresh.getElementById(form.dataset.preview);
          fresh.querySelectorAll("form[data-preview] .problem").forEach((problem) => shown.append(problem));
          place.replaceWith(shown);
        } catch { /* the button does the same */ }
      }, 600);
    });
  });

  // A part of another page, shown in this one: its section takes the place of the link to it, and so do its own links.
  const load = async (place, address) => {
    const answer = await fetch(address, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.getElementById(place.dataset.load);
    if (!part) return;
    for (const name of ["href", "src"]) {
      part.querySelectorAll(`[${name}]`).forEach((element) => element.setAttribute(name, new URL(element.getAttribute(name), answer.url)));
    }
    part.className = "";
    place.querySelectorAll(":scope > :not(summary)").forEach((element) => element.remove());
    place.append(part);
  };
  document.addEventListener("toggle", (event) => {
    const place = event.target;
    if (place.matches("details[data-load]") && place.open && !place.querySelector(`#${place.dataset.load}`)) {
      load(place, place.querySelector("a").href).catch(() => { /* the link is there */ });
    }
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("details[data-load] a.pick");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    load(link.closest("details"), link.href).catch(() => { location.href = link.href; });
  });

  // A step over many goes on by itself.
  const more = document.querySelector("form[data-continue]");
  if (more) more.requestSubmit();

  // Tick boxes that tick a whole table.
  document.addEventListener("change", (event) => {
    const all = event.target.closest("input[data-all]");
    if (all) document.querySelectorAll(`input[name="${all.dataset.all}"]`).forEach((box) => { box.checked = all.checked; });
  });
})();
