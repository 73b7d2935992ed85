// headed_new.cpp - operators in a shared library: a header before each block of malloc's, and
// aligned blocks from a pool. free would not know any of them. The forms that are missing are the
// C++ library's, which call these.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {
constexpr std::size_t header = 16;
alignas(4096) unsigned char pool[65536];
std::size_t pool_used;
} // namespace

void *operator new(std::size_t bytes) {
    auto *block = static_cast<unsigned char *>(std::malloc(bytes + header));
    if (block == nullptr)
        throw std::bad_alloc();
    return block + header;
}

void operator delete(void *pointer) noexcept {
    if (pointer != nullptr)
        std::free(static_cast<unsigned char *>(pointer) - header);
}

void *operator new(std::size_t bytes, std::align_val_t alignment) {
    std::size_t mask = static_cast<std::size_t>(alignment) - 1;
    std::size_t start = (pool_used + mask) & ~mask;
    if (start + bytes > sizeof(pool))
        throw std::bad_alloc();
    pool_used = start + bytes;
    return pool + start;
}

void operator delete(void *, std::align_val_t) noexcept {
}
