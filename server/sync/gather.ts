// Questions of the same kind that come while others are being answered wait, and are asked together next. After a
// restart thousands of devices ask the same few things at once: one by one, each question would cost the server and the
// database more than its answer.

export interface GatherOptions<Question, Answer> {
  /** Questions with the same key may be asked together. */
  readonly keyOf: (question: Question) => string;
  /**
   * Answers all of them, in their order. What it rejects with, each of them rejects with; an answer that is a promise
   * settles its own question alone.
   */
  readonly askAll: (questions: readonly Question[]) => Promise<readonly (Answer | Promise<Answer>)[]>;
  /** Questions asked together at most. */
  readonly max: number;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer | Promise<Answer>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Milliseconds after which an answer no longer keeps the next questions waiting: one that never comes, because a
 * connection broke unnoticed, must not hold up everybody.
 */
const PATIENCE_MS = 500;
/**
 * Milliseconds from one asking of several to the next, so that a crowd does not come in small parties. Who asks alone,
 * again and again, never waits.
 */
const CROWD_MS = 10;

/**
 * Answers a function that asks one question. It is asked after the current turn of the event loop or later, never
 * earlier: whatever is true by now is in the answer.
 */
export function gather<Question, Answer>({
  keyOf,
  askAll,
  max,
}: GatherOptions<Question, Answer>): (question: Question) => Promise<Answer> {
  type Group = Waiting<Question, Answer>[];
  /** Of each key that is being asked: who waits for the next time. */
  const groups = new Map<string, Group>();

  const askNext = (key: string, group: Group): void => {
    const batch = group.splice(0, max);
    if (batch.length === 0) {
      groups.delete(key);
      return;
    }
    const askedAt = performance.now();
    const impatience = setTimeout(() => {
      // A group of its own for those behind it, so that this answer ends nothing when it comes after all.
      if (groups.get(key) !== group) return;
      const rest = group.splice(0);
      groups.set(key, rest);
      askNext(key, rest);
    }, PATIENCE_MS);
    askAll(batch.map(({question}) => question))
      .then(
        (answers) => batch.forEach(({resolve}, index) => resolve(answers[index] as Answer)),
        (error: unknown) => batch.forEach(({reject}) => reject(error)),
      )
      .finally(() => {
        clearTimeout(impatience);
        if (groups.get(key) !== group) return;
        const isCrowd = batch.length > 1 && batch.length < max;
        const pauseMs = isCrowd ? CROWD_MS - (performance.now() - askedAt) : 0;
        if (pauseMs > 0) setTimeout(askNext, pauseMs, key, group);
        else askNext(key, group);
      });
  };
  return (question) =>
    new Promise((resolve, reject) => {
      const key = keyOf(question);
      const waiting = {question, resolve, reject};
      const group = groups.get(key);
      if (group !== undefined) {
        group.push(waiting);
        return;
      }
      const begun = [waiting];
      groups.set(key, begun);
      setImmediate(askNext, key, begun);
    });
}
