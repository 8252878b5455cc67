import { patience } from './patience.mjs';

/** Things that come when they come, for whoever waits for the next one. */
export class Inbox {
    #things = [];
    #waiting = [];
    #what;

    constructor(what) {
        this.#what = what;
    }

    get count() {
        return this.#things.length;
    }

    put(thing) {
        const waiting = this.#waiting.shift();
        if (waiting) waiting(thing);
        else this.#things.push(thing);
    }

    take() {
        if (this.#things.length > 0) return Promise.resolve(this.#things.shift());
        return new Promise((resolve, reject) => {
            const late = () => reject(new Error(`${this.#what} did not come within ${patience} s`));
            const timer = setTimeout(late, patience * 1000);
            this.#waiting.push((thing) => {
                clearTimeout(timer);
                resolve(thing);
            });
        });
    }
}
