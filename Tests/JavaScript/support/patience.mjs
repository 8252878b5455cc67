/** How long a test waits for what must come, in seconds; `ROSTRUM_PATIENCE` says how many times as long it may. */
export const patience = 5 * Math.max(1, Number.parseInt(process.env.ROSTRUM_PATIENCE ?? '1', 10) || 1);
