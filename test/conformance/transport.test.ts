// One suite over every transport, with real sockets and clients that know nothing of this project.

import {describe} from 'vitest';
import {describeBreaches} from './breach-suite.ts';
import {describeClosing} from './closing-suite.ts';
import {describeFrames} from './frames-suite.ts';
import {describeHttpBodies} from './http-bodies-suite.ts';
import {describeHttp} from './http-suite.ts';
import {listTransportsUnderTest} from './transport-kinds.ts';

describe.each(listTransportsUnderTest())('$kind', (under) => {
  describeFrames(under);
  describeClosing(under);
  describeBreaches(under);
  describeHttp(under);
  describeHttpBodies(under);
});
