// every_operator.cpp - all forms of new and delete, throwing ones and exceptions; writes what the
// trace must hold as every_call.c does.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t mark = 987654;
char expected[65536];
std::size_t expected_length;

void expect(const char *kind, std::size_t size, unsigned align_log2) {
    expected_length += static_cast<std::size_t>(
        std::snprintf(expected + expected_length, sizeof(expected) - expected_length,
                      "%s size=%zu align=%u\n", kind, size, align_log2));
}

template <typename T> T hidden(T value) {
    volatile T hide = value;
    return hide;
}

void check(bool condition, const char *what) {
    if (condition)
        return;
    std::fprintf(stderr, "every_operator: %s\n", what);
    std::exit(1);
}

constexpr std::align_val_t wide{64};

void plain_forms() {
    void *pointer = hidden(::operator new(hidden<std::size_t>(40)));
    expect("new", 40, 0);
    ::operator delete(pointer);
    expect("free", 0, 0);
    pointer = hidden(::operator new(hidden<std::size_t>(0)));
    expect("new", 0, 0);
    ::operator delete(pointer, std::size_t{0});
    expect("free-sized", 0, 0);
    pointer = hidden(::operator new[](hidden<std::size_t>(41)));
    expect("new", 41, 0);
    ::operator delete[](pointer);
    expect("free", 0, 0);
    pointer = hidden(::operator new[](hidden<std::size_t>(42)));
    expect("new", 42, 0);
    ::operator delete[](pointer, std::size_t{42});
    expect("free-sized", 42, 0);
    ::operator delete(hidden<void *>(nullptr));
    expect("free-null", 0, 0);
    ::operator delete(hidden<void *>(nullptr), std::size_t{9});
    expect("free-null", 0, 0);
}

void nothrow_forms() {
    void *pointer = hidden(::operator new(hidden<std::size_t>(50), std::nothrow));
    expect("new", 50, 0);
    ::operator delete(pointer, std::nothrow);
    expect("free", 0, 0);
    pointer = hidden(::operator new[](hidden<std::size_t>(51), std::nothrow));
    expect("new", 51, 0);
    ::operator delete[](pointer, std::nothrow);
    expect("free", 0, 0);
}

void aligned_forms() {
    void *pointer = hidden(::operator new(hidden<std::size_t>(60), wide));
    check(reinterpret_cast<std::uintptr_t>(pointer) % 64 == 0, "new is not aligned");
    expect("new-aligned", 60, 6);
    ::operator delete(pointer, wide);
    expect("free", 0, 0);
    pointer = hidden(::operator new[](hidden<std::size_t>(61), wide));
    expect("new-aligned", 61, 6);
    ::operator delete[](pointer, wide);
    expect("free", 0, 0);
    pointer = hidden(::operator new(hidden<std::size_t>(62), wide));
    expect("new-aligned", 62, 6);
    ::operator delete(pointer, std::size_t{62}, wide);
    expect("free-sized", 62, 0);
    pointer = hidden(::operator new[](hidden<std::size_t>(63), wide, std::nothrow));
    expect("new-aligned", 63, 6);
    ::operator delete[](pointer, wide, std::nothrow);
    expect("free", 0, 0);
    pointer = hidden(::operator new(hidden<std::size_t>(64), wide, std::nothrow));
    expect("new-aligned", 64, 6);
    ::operator delete[](pointer, std::size_t{64}, wide);
    expect("free-sized", 64, 0);
}

constexpr std::size_t impossible = SIZE_MAX / 2;
void *reserve;
int handler_calls;

// Gives its reserve back the first time, then gives up; after each call operator new tries again.
void handler() {
    handler_calls++;
    if (reserve != nullptr) {
        std::free(reserve);
        expect("free", 0, 0);
        reserve = nullptr;
    } else {
        std::set_new_handler(nullptr);
    }
    expect("failed", impossible, 0);
}

// The exception object comes from malloc too: its size is the library's affair, so no line of it.
bool throws(std::size_t size, bool aligned) {
    try {
        void *pointer = aligned ? ::operator new(hidden(size), wide) : ::operator new(hidden(size));
        ::operator delete(hidden(pointer));
    } catch (const std::bad_alloc &) {
        expect("exception", 0, 0);
        return true;
    }
    return false;
}

void failing_forms() {
    check(hidden(::operator new(hidden(impossible), std::nothrow)) == nullptr, "nothrow gave");
    expect("failed", impossible, 0);
    expect("exception", 0, 0); // libstdc++ throws, and catches itself
    expect("failed", impossible, 0);
    check(throws(impossible, false), "new did not throw");
}

void handlers() {
    reserve = hidden(std::malloc(hidden<std::size_t>(123)));
    expect("malloc", 123, 0);
    std::set_new_handler(handler);
    expect("failed", impossible, 0);
    check(throws(impossible, false), "new with a handler did not throw");
    check(handler_calls == 2, "the handler was not called twice");
}

} // namespace

int main(int argc, char **argv) {
    check(argc == 3, "two arguments: what is expected goes to the first; forms");
    std::free(hidden(std::malloc(hidden(mark))));
    plain_forms();
    nothrow_forms();
    aligned_forms();
    if (argv[2][0] == 'f') {
        failing_forms();
        handlers();
    }
    std::free(hidden(std::malloc(hidden(mark))));

    std::FILE *file = std::fopen(argv[1], "w");
    check(file != nullptr && std::fwrite(expected, 1, expected_length, file) == expected_length &&
              std::fclose(file) == 0,
          "cannot write what is expected");
    return 0;
}
