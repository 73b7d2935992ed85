/* witness.c - libreheap-witness.so, preloaded behind an allocator: writes who owns the functions of
 * malloc in this process, a line each, and does nothing else. Allocates nothing of its own.
 *
 * Asked with dlsym(3), a program that is not position-independent and takes the address of malloc
 * answers for itself: its own jump stands for the function's address (System V ABI, AMD64
 * Supplement, "Function Addresses"). So the witness has jump slots of its own, which the linker
 * fills with the function that is really called, and looks where they lead. */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const functions[] = {"malloc", "calloc",         "realloc",
                                        "free",   "posix_memalign", "aligned_alloc"};

/* Never called: it makes the linker bind the six. */
__attribute__((visibility("default"))) void *rh_witness_calls(void *block, size_t bytes);
void *rh_witness_calls(void *block, size_t bytes) {
    void *aligned = NULL;
    free(block);
    if (posix_memalign(&aligned, bytes, bytes) != 0)
        aligned = realloc(malloc(bytes), bytes);
    free(aligned);
    aligned = calloc(bytes, bytes);
    free(aligned);
    return aligned_alloc(bytes, bytes);
}

/* One write a line: processes of one program may write at the same time. */
static void write_owner(int fd, const char *name, void *address) {
    char line[1024];
    Dl_info info = {0};
    const char *owner = dladdr(address, &info) != 0 ? info.dli_fname : "?";
    int length = snprintf(line, sizeof(line), "%d %s %s\n", (int)getpid(), name, owner);
    if (length <= 0 || (size_t)length >= sizeof(line) || write(fd, line, (size_t)length) < 0)
        return;
}

static int is_asked(const char *name) {
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strcmp(functions[i], name) == 0)
            return 1;
    return 0;
}

/* The jump slots of this library; it is linked with -z now, so that they are filled. */
static void write_owners(int fd) {
    Dl_info self = {0};
    const ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    const ElfW(Rela) *slots = NULL;
    size_t bytes = 0;
    if (dladdr((void *)rh_witness_calls, &self) == 0)
        return;
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            symbols = (const void *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_STRTAB)
            names = (const void *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_JMPREL)
            slots = (const void *)entry->d_un.d_ptr;
        else if (entry->d_tag == DT_PLTRELSZ)
            bytes = entry->d_un.d_val;
    }
    for (size_t i = 0; i < bytes / sizeof(*slots); i++) {
        const char *name = names + symbols[slots[i].r_info >> 32].st_name;
        if (is_asked(name))
            write_owner(fd, name, *(void **)((char *)self.dli_fbase + slots[i].r_offset));
    }
}

__attribute__((constructor)) static void testify(void) {
    const char *path = getenv("REHEAP_WITNESS");
    int fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    write_owners(fd);
    close(fd);
}
