// foreign_operators.cpp - new and delete where a library has operators of its own (headed_new.cpp);
// writes what the trace must hold as every_call.c does.
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t mark = 987654;
constexpr std::align_val_t wide{64};

template <typename T> T hidden(T value) {
    volatile T hide = value;
    return hide;
}

void unaligned_forms() {
    ::operator delete(hidden(::operator new(hidden<std::size_t>(40))));
    ::operator delete (hidden(::operator new(hidden<std::size_t>(41))), std::size_t{41});
    ::operator delete[](hidden(::operator new[](hidden<std::size_t>(42))));
    ::operator delete[](hidden(::operator new[](hidden<std::size_t>(43))), std::size_t{43});
    ::operator delete(hidden(::operator new(hidden<std::size_t>(44), std::nothrow)));
    ::operator delete[](hidden(::operator new[](hidden<std::size_t>(45), std::nothrow)),
                        std::nothrow);
}

void aligned_forms() {
    ::operator delete(hidden(::operator new(hidden<std::size_t>(50), wide)), wide);
    ::operator delete (hidden(::operator new(hidden<std::size_t>(51), wide)), std::size_t{51},
                       wide);
    ::operator delete[](hidden(::operator new[](hidden<std::size_t>(52), wide)), wide);
    ::operator delete(hidden(::operator new(hidden<std::size_t>(53), wide, std::nothrow)), wide);
}

} // namespace

int main(int, char **argv) {
    std::free(hidden(std::malloc(hidden(mark))));
    unaligned_forms();
    aligned_forms();
    std::free(hidden(std::malloc(hidden(mark))));

    std::FILE *file = std::fopen(argv[1], "w");
    if (file == nullptr)
        return 1;
    for (int bytes = 40; bytes <= 45; bytes++)
        std::fprintf(file, "malloc size=%d align=0\nfree size=0 align=0\n", bytes + 16);
    return std::fclose(file) == 0 ? 0 : 1;
}
