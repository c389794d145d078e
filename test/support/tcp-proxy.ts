// A fault proxy that goes away with the test that runs.
import {onTestFinished} from 'vitest';
import {openFaultProxy, type Cut, type FaultProxy} from './fault-proxy.ts';

export type {Cut, FaultProxy};

export async function startTcpProxy(url: string): Promise<FaultProxy> {
  const proxy = await openFaultProxy(url);
  onTestFinished(() => proxy.close());
  return proxy;
}
