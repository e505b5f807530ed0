import type { ListenAddress } from '../../../schedule/notify/listen.js';
import type { MetricSources } from '../../../serve/metrics.js';

/** The metrics have an address of their own: the public one never has them. */
export async function openMetrics(address: ListenAddress, sources: MetricSources) {
  const { ServeMetrics } = await import('../../../serve/metrics.js');
  const { openEndpoint } = await import('../../../schedule/notify/endpoint.js');
  const metrics = new ServeMetrics(sources);
  const endpoint = await openEndpoint(address, {
    metrics: () => metrics.text(),
    health: () => ({ ok: true }),
    ready: () => ({ ok: true }),
  });
  return { metrics, endpoint };
}
