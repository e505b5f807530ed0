/**
 * Calls `action` when the signal is aborted, unless the returned function is called first. All
 * actions share one listener, because thousands of requests use the same signal.
 */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  const actions = actionsOf.get(signal) ?? listen(signal);
  actions.add(action);
  return () => void actions.delete(action);
}

const actionsOf = new WeakMap<AbortSignal, Set<() => void>>();

function listen(signal: AbortSignal): Set<() => void> {
  const actions = new Set<() => void>();
  actionsOf.set(signal, actions);
  signal.addEventListener('abort', () => actions.forEach((action) => action()), { once: true });
  return actions;
}
