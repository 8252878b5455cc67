// Imports a CSV file piece by piece, and says how far it is; the server reads the rows and says which it refuses.

"use strict";

{
  const form = document.querySelector("form[data-import]");
  const { batch, longest, shown, ...texts } = form.dataset;
  const file = form.querySelector("input[type=file]");
  const rows = form.querySelector("textarea");
  const start = form.querySelector("button.primary");
  const stop = form.querySelector("[data-stop]");
  const state = document.querySelector("[data-import-state]");
  const bar = state.querySelector("progress");
  const status = state.querySelector("[data-import-status]");
  const refusedBox = document.querySelector("[data-import-refused]");
  const refusedRows = refusedBox.querySelector("tbody");
  const more = refusedBox.querySelector("[data-import-more]");
  let isStopped = false;

  form.querySelector("[data-file]").hidden = false;
  if (!rows.value) form.querySelector("details").open = false;
  stop.addEventListener("click", () => { isStopped = true; });

  const grouped = new Intl.NumberFormat("en");
  /** A text with what belongs in its {names}; numbers as the server writes them. */
  const filled = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values[name] ?? all;
    return typeof value === "number" ? grouped.format(value) : value;
  });

  /** A row that makes what follows unreadable. */
  class BadRow extends Error {
    constructor(reason, line) {
      super(reason);
      this.line = line;
    }
  }

  // No value is so long: where a quoted one is, its end is missing.
  const longestField = 10_000;

  /** Cuts a text into pieces of `count` records; a line end within quotes ends none. */
  function* pieces(text, count) {
    let [begin, line, firstLine, records] = [0, 1, 1, 0];
    let isQuoted = false;
    let isFieldStart = true;
    let opened = { at: 0, line: 1 };
    for (let at = 0; at < text.length; at += 1) {
      const character = text[at];
      if (isQuoted) {
        if (character === '"' && text[at + 1] === '"') at += 1;
        else if (character === '"') isQuoted = false;
        else if (character === "\n") line += 1;
        if (at - opened.at > longestField) throw new BadRow(texts.textQuotes, opened.line);
        continue;
      }
      if (character === '"' && isFieldStart) {
        [isQuoted, isFieldStart, opened] = [true, false, { at, line }];
        continue;
      }
      isFieldStart = character === "," || character === "\n";
      if (character !== "\n") continue;
      line += 1;
      records += 1;
      if (records === count) {
        yield { text: text.slice(begin, at + 1), line: firstLine, end: at + 1 };
        [begin, firstLine, records] = [at + 1, line, 0];
      }
    }
    if (begin < text.length) yield { text: text.slice(begin), line: firstLine, end: text.length };
  }

  async function send(piece) {
    const reply = await fetch(form.action, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({
        _token: form.elements._token.value, rows: piece.text, line: piece.line, answer: "json",
      }),
    });
    if (reply.type === "opaqueredirect") throw new Error(texts.textSignedOut);
    if (reply.status === 413) throw new Error(texts.textTooLong);
    if (reply.headers.get("content-type") !== "application/json") throw new Error(`HTTP ${reply.status}.`);
    return reply.json();
  }

  function show({ line, name, reason }) {
    if (refusedRows.rows.length >= Number(shown)) {
      more.hidden = false;
      return;
    }
    const row = refusedRows.insertRow();
    for (const text of [line, name, reason]) {
      const cell = row.insertCell();
      cell.textContent = text;
      cell.className = text === line ? "number" : "wrap";
    }
    refusedBox.hidden = false;
  }

  async function run(text) {
    const counts = { imported: 0, refused: 0, percent: 0, line: 1 };
    isStopped = false;
    try {
      for (const piece of pieces(text, Number(batch))) {
        counts.line = piece.line;
        if (isStopped) {
          status.textContent = filled(texts.textStopped, counts);
          return;
        }
        const answer = await send(piece);
        counts.imported += answer.imported;
        counts.refused += answer.refusedCount;
        answer.refused.forEach(show);
        if (answer.problem) throw new Error(answer.problem);
        bar.value = piece.end / text.length;
        counts.percent = Math.floor(bar.value * 100);
        status.textContent = filled(texts.textProgress, counts);
      }
      bar.value = 1;
      status.textContent = filled(texts.textDone, counts);
    } catch (error) {
      status.textContent = filled(texts.textFailed, { ...counts, line: error.line ?? counts.line, reason: error.message });
    }
  }

  async function read() {
    const [chosen] = file.files;
    if (!chosen) return rows.value;
    if (chosen.size > Number(longest)) throw new Error(texts.textLarge);
    const bytes = await chosen.arrayBuffer();
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new Error(texts.textEncoding);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    refusedRows.replaceChildren();
    [refusedBox.hidden, more.hidden, state.hidden, stop.hidden, start.disabled] = [true, true, false, false, true];
    bar.value = 0;
    status.textContent = texts.textReading;
    try {
      await run(await read());
    } catch (error) {
      status.textContent = error.message;
    }
    [stop.hidden, start.disabled] = [true, false];
  });
}
