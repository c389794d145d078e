// Everything that reached the lanes of several nodes, and what it was answered: what a test holds the database against.
import type {Service} from '#server/sync/service.ts';
import type {Receipt, Submission} from '#server/sync/submission.ts';

export interface Landing {
  readonly node: number;
  readonly submission: Submission;
  /** Places in the one order of all that began and ended, on all nodes. */
  readonly began: number;
  /** Infinity while it waits. */
  ended: number;
  /** Null while it waits, and where it was neither taken nor refused. */
  receipt: Receipt | null;
  /** By `performance.now()`. */
  readonly beganAt: number;
  endedAt: number;
}

export class Journal {
  readonly landings: Landing[] = [];
  #moments = 0;

  /** From now on notes what a node's lanes are handed. node: its name in the journal. */
  observe({lanes}: Pick<Service, 'lanes'>, node: number): void {
    const submit = lanes.submit.bind(lanes);
    lanes.submit = async (submission) => {
      const landing: Landing = {
        node,
        submission,
        began: this.#moments++,
        ended: Infinity,
        receipt: null,
        beganAt: performance.now(),
        endedAt: Infinity,
      };
      this.landings.push(landing);
      try {
        landing.receipt = await submit(submission);
        return landing.receipt;
      } finally {
        landing.ended = this.#moments++;
        landing.endedAt = performance.now();
      }
    };
  }

  ofRecord(id: string): Landing[] {
    return this.landings.filter(({submission}) => submission.change.id === id);
  }
}
