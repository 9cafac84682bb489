// Waiting for a condition, checked whenever an emitter says that something changed.

/** Resolves once `condition` holds. After `limit` milliseconds it fails with what `complaint` returns. */
export function until(emitter, condition, complaint, limit = 15000) {
  if (condition()) return Promise.resolve();
  const error = new Error();
  return new Promise((resolve, reject) => {
    const stop = () => {
      emitter.off('change', check);
      clearTimeout(timer);
    };
    const check = () => {
      if (!condition()) return;
      stop();
      resolve();
    };
    const timer = setTimeout(() => {
      stop();
      error.message = `${complaint()} within ${limit} ms`;
      reject(error);
    }, limit);
    emitter.on('change', check);
  });
}
