// A mail server that keeps what it receives, parsed, and can be told to refuse or to hang up.
import {simpleParser, type ParsedMail} from 'mailparser';
import {SMTPServer} from 'smtp-server';
import {onTestFinished} from 'vitest';

export interface MailServer {
  readonly url: string;
  readonly mails: readonly ParsedMail[];
  /** The next mails are answered with these codes; 0 takes the mail and hangs up without an answer. */
  readonly answerNext: (...codes: number[]) => void;
  /** The next one is let wait: before it is taken, for ever; once it is taken, until it may go on. */
  readonly holdNext: (when: 'before' | 'taken') => void;
  /** Mails that were held so far. */
  readonly held: () => number;
  readonly letGoOn: () => void;
}

export async function startMailServer(): Promise<MailServer> {
  const mails: ParsedMail[] = [];
  const codes: number[] = [];
  const holds: ('before' | 'taken')[] = [];
  const waiting: (() => void)[] = [];
  let held = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo(_address, _session, done) {
      if (holds[0] === 'before') {
        holds.shift();
        held++;
        return;
      }
      const code = codes[0];
      if (code === undefined || code === 0) {
        done();
        return;
      }
      codes.shift();
      done(Object.assign(new Error('Refused'), {responseCode: code}));
    },
    onData(stream, _session, done) {
      simpleParser(stream).then(
        (mail) => {
          mails.push(mail);
          if (holds.shift() === 'taken') {
            held++;
            waiting.push(done);
          } else if (codes.shift() === 0)
            for (const {_socket: socket} of server.connections as Set<Connection>) socket.destroy();
          else done();
        },
        (error: unknown) => done(error as Error),
      );
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(resolve);
      }),
  );
  const {port} = server.server.address() as {port: number};
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    answerNext: (...next) => void codes.push(...next),
    holdNext: (when) => void holds.push(when),
    held: () => held,
    letGoOn() {
      for (const goOn of waiting.splice(0)) goOn();
    },
  };
}

interface Connection {
  readonly _socket: {destroy(): void};
}
