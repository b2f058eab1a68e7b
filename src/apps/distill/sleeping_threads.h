#ifndef LLAMBA_APPS_DISTILL_SLEEPING_THREADS_H_
#define LLAMBA_APPS_DISTILL_SLEEPING_THREADS_H_

namespace llamba::distill {

// Before a command that computes reads anything. Where libtorch's BLAS has
// threads of its own beside those of OpenMP (Debian's OpenBLAS), the latter
// spin between two operations on the cores that the former need. How they wait
// is read when OpenMP is loaded, so the program starts anew, as the same
// process, with OMP_WAIT_POLICY=passive in its environment. Returns where the
// environment names a policy, or where nothing is to be gained.
void RestartWithSleepingThreads();

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_SLEEPING_THREADS_H_
