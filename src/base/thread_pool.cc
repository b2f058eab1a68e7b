#include "base/thread_pool.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"

namespace llamba {
namespace {

// A few microseconds a hundred turns: longer than the gap between two ops of a
// layer, shorter than a scheduler's time slice by far.
constexpr int kSpins = 2000;

thread_local bool inside_task = false;

void CpuRelax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int default_threads = 0;
std::mutex default_mutex;

}  // namespace

int AvailableCores() {
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
    return std::max(CPU_COUNT(&cores), 1);
  }
#endif
  return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

// A Run in flight. Shared with the workers, so that one that wakes late finds
// its counters alive (and no task left).
struct ThreadPool::Job {
  Job(FunctionRef<void(int64_t)> t, int64_t n) : task(t), n_tasks(n) {}
  FunctionRef<void(int64_t)> task;
  int64_t n_tasks;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> finished{0};
  std::mutex mutex;
  std::condition_variable done;
  std::exception_ptr error;  // under mutex
};

ThreadPool::ThreadPool(int n_threads) : n_threads_(std::max(n_threads, 1)) {
  for (int i = 1; i < n_threads_; ++i) {
    workers_.emplace_back([this] { WorkerLoop(); });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Work(Job& job) {
  const bool outer = std::exchange(inside_task, true);
  for (;;) {
    const int64_t i = job.next.fetch_add(1, std::memory_order_relaxed);
    if (i >= job.n_tasks) break;
    try {
      job.task(i);
    } catch (...) {
      const std::lock_guard lock(job.mutex);
      if (!job.error) job.error = std::current_exception();
    }
    if (job.finished.fetch_add(1, std::memory_order_acq_rel) + 1 ==
        job.n_tasks) {
      const std::lock_guard lock(job.mutex);
      job.done.notify_all();
    }
  }
  inside_task = outer;
}

void ThreadPool::WorkerLoop() {
  uint64_t seen = 0;
  for (;;) {
    for (int i = 0; i < kSpins; ++i) {
      if (generation_.load(std::memory_order_acquire) != seen) break;
      CpuRelax();
    }
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] {
        return generation_.load(std::memory_order_relaxed) != seen;
      });
      seen = generation_.load(std::memory_order_relaxed);
      if (stopping_) return;
      job = job_;
    }
    if (job) Work(*job);
  }
}

void ThreadPool::Run(int64_t n_tasks, FunctionRef<void(int64_t)> task) {
  if (n_tasks <= 0) return;
  if (n_threads_ == 1 || n_tasks == 1 || inside_task) {
    for (int64_t i = 0; i < n_tasks; ++i) task(i);
    return;
  }
  const std::lock_guard callers(callers_);
  auto job = std::make_shared<Job>(task, n_tasks);
  {
    const std::lock_guard lock(mutex_);
    job_ = job;
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  Work(*job);
  for (int i = 0; i < kSpins; ++i) {
    if (job->finished.load(std::memory_order_acquire) == n_tasks) break;
    CpuRelax();
  }
  {
    std::unique_lock lock(job->mutex);
    job->done.wait(lock, [&] {
      return job->finished.load(std::memory_order_acquire) == n_tasks;
    });
    if (job->error) std::rethrow_exception(job->error);
  }
}

void ThreadPool::ParallelFor(int64_t n, int64_t align,
                             FunctionRef<void(int64_t, int64_t)> fn) {
  if (n <= 0) return;
  LLAMBA_ASSERT(align > 0);
  const int64_t blocks = (n + align - 1) / align;
  const int64_t parts = std::min<int64_t>(n_threads_, blocks);
  Run(parts, [&](int64_t part) {
    const int64_t begin = blocks * part / parts * align;
    const int64_t end = std::min(n, blocks * (part + 1) / parts * align);
    if (begin < end) fn(begin, end);
  });
}

ThreadPool& ThreadPool::Default() {
  static ThreadPool pool([] {
    const std::lock_guard lock(default_mutex);
    return default_threads > 0 ? default_threads : AvailableCores();
  }());
  return pool;
}

void ThreadPool::SetDefaultThreads(int n_threads) {
  const std::lock_guard lock(default_mutex);
  default_threads = n_threads;
}

}  // namespace llamba
