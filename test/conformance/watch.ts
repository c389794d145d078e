// Waiting for conditions instead of for time: whoever changes something says so, whoever waits looks again.

/** Something that changes and can be waited for. */
export class Watched {
  #waiting: (() => void)[] = [];

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  /** Resolves once `holds` is true; it is looked at now and after every change. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
