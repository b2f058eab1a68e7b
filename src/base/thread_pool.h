#ifndef LLAMBA_BASE_THREAD_POOL_H_
#define LLAMBA_BASE_THREAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace llamba {

// A non-owning reference to a callable; lives as long as the call it is given
// to.
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
      FunctionRef(F&& f)  // NOLINT(google-explicit-constructor)
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

// The cores that this process may run on (its affinity mask), at least 1.
int AvailableCores();

// Fork-join over a fixed set of threads, the caller being one of them. A worker
// that waits spins for some microseconds (the next op of a layer comes soon)
// and then sleeps, so that a core taken by another process costs little.
//
// One caller at a time: concurrent calls of Run queue behind a mutex. Calls
// from inside a task run inline, on the calling thread.
class ThreadPool {
 public:
  // At least 1; 1 means that everything runs on the calling thread.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return n_threads_; }

  // Calls task(0) .. task(n_tasks - 1), each once, on any thread; returns when
  // all have. The first exception is rethrown here.
  void Run(int64_t n_tasks, FunctionRef<void(int64_t task)> task);

  // Cuts [0, n) into one contiguous range a thread, with borders at multiples
  // of `align`, and calls fn(begin, end) for each range that is not empty.
  void ParallelFor(int64_t n, int64_t align,
                   FunctionRef<void(int64_t begin, int64_t end)> fn);

  // The pool of this process: AvailableCores() threads until SetDefaultThreads
  // says otherwise (before the first use).
  static ThreadPool& Default();
  static void SetDefaultThreads(int n_threads);

 private:
  struct Job;
  void WorkerLoop();
  static void Work(Job& job);

  const int n_threads_;
  std::vector<std::thread> workers_;
  std::mutex callers_;  // held for the length of a Run
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  std::shared_ptr<Job> job_;  // under mutex_
  bool stopping_ = false;     // under mutex_
};

}  // namespace llamba

#endif  // LLAMBA_BASE_THREAD_POOL_H_
