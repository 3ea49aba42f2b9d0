/* What Debian's libstdc++ and libgcc want of glibc, for a process whose C library is musl 1.2.3. Takes
 * glibc's loader's place, which they ask for by name; names it has in common with musl are musl's. */

typedef unsigned long size_t;

long syscall(long number, ...);
size_t strftime_l(char *to, size_t size, const char *format, const void *time, void *locale);

char __libc_single_threaded = 0;
unsigned __cpu_model[4];

int __cpu_indicator_init(void) { return 0; }

/* No unwinding: what is thrown ends the process. */
int _dl_find_object(void *address, void *result) { return -1; }

/* What a thread leaves at its end stays. */
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library) { return 0; }

unsigned arc4random(void) {
  unsigned number = 0;
  syscall(318 /* getrandom */, &number, sizeof number, 0);
  return number;
}

size_t __strftime_l(char *to, size_t size, const char *format, const void *time, void *locale) {
  return strftime_l(to, size, format, time, locale);
}
