/* The program of the embedded image: no library, a greeting, the end. Built for itself and put into tugd as bytes. */

static const char text[] =
    "\n"
    "Hello from tug!\n"
    "This message shows that your installation works.\n"
    "\n"
    "What has happened:\n"
    " 1. The tug client asked the engine (tugd) over its socket for a container of the image \"hello\".\n"
    " 2. The engine made the image, which is embedded in it, and a container above it.\n"
    " 3. A monitor (tug-monitor) built the container and ran this program in it.\n"
    " 4. What the program wrote came back over the monitor to the client, and so to you.\n"
    "\n"
    "To go on, import a root file system of your own:\n"
    " $ tug import rootfs.tar mine && tug run -it mine sh\n"
    "\n";

static long call(long number, long a, long b, long c)
{
#if defined(__x86_64__)
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#else
#error "the embedded image has no program for this architecture"
#endif
}

#if defined(__x86_64__)
enum { CALL_WRITE = 1, CALL_EXIT = 60 };
#else
enum { CALL_WRITE = 64, CALL_EXIT = 93 };
#endif

_Noreturn void _start(void);
_Noreturn void _start(void)
{
	for (unsigned long at = 0; at < sizeof text - 1;) {
		long size = call(CALL_WRITE, 1, (long)(text + at), (long)(sizeof text - 1 - at));
		if (size <= 0)
			call(CALL_EXIT, 1, 0, 0);
		at += (unsigned long)size;
	}
	for (;;)
		call(CALL_EXIT, 0, 0, 0);
}
