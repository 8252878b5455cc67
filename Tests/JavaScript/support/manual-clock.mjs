/** A clock that stands still until a test moves it. */
export class ManualClock {
    #now = 1_767_225_600_000;
    #timers = new Map();
    #lastID = 0;

    now = () => this.#now;

    setTimeout = (action, milliseconds) => {
        this.#lastID += 1;
        this.#timers.set(this.#lastID, { action, due: this.#now + milliseconds });
        return this.#lastID;
    };

    clearTimeout = (id) => {
        this.#timers.delete(id);
    };

    /** In how many milliseconds each timer is due. */
    get waiting() {
        return [...this.#timers.values()].map(({ due }) => due - this.#now).sort((one, other) => one - other);
    }

    advance(milliseconds) {
        this.#now += milliseconds;
        for (const [id, { action, due }] of [...this.#timers]) {
            if (due > this.#now || !this.#timers.delete(id)) continue;
            action();
        }
    }
}
