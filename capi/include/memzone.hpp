// memzone for C++17: zones, scopes and heaps that end by themselves, and std::pmr::memory_resource over each of them.
//
// The guide is docs/c.md. What each function demands, and whether a real-time thread may call it, stands in memzone.h.

#ifndef MEMZONE_HPP
#define MEMZONE_HPP

#include "memzone.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <memory_resource>
#include <new>
#include <type_traits>
#include <utility>

namespace mz {

/// Why something could not be made or done: a code of memzone.h, and its text.
class error : public std::exception {
public:
    explicit error(mz_error code) noexcept : code_(code)
    {
        const char* text = mz_last_error_text();
        std::size_t at = 0;
        for (; at + 1 < sizeof(text_) && text[at] != '\0'; ++at) text_[at] = text[at];
        text_[at] = '\0';
    }

    mz_error code() const noexcept { return code_; }
    const char* what() const noexcept override { return text_; }

private:
    mz_error code_;
    char text_[320];
};

/// Throws where a function of memzone.h gave another code than MZ_OK.
inline void check(mz_error code)
{
    if (code != MZ_OK) throw error(code);
}

namespace detail {

template <class T> T* not_null(T* made)
{
    if (made == nullptr) throw error(mz_last_error());
    return made;
}

// A resource may be asked for no bytes, and has to give a pointer.
inline std::size_t at_least_one(std::size_t bytes) { return bytes == 0 ? 1 : bytes; }

// The bytes of an array, or more than there can be if the product overflows.
template <class T> std::size_t bytes_of(std::size_t count)
{
    return count > SIZE_MAX / sizeof(T) ? SIZE_MAX : at_least_one(count * sizeof(T));
}

// Makes a value by a constructor. A plain struct without one is made of its members, as in `T{1.0f, 2.0f}`.
template <class T, class... Arguments> T* make_at(void* place, Arguments&&... arguments)
{
    static_assert(std::is_trivially_destructible_v<T>, "a zone or scope runs no destructors");
    static_assert(!std::is_array_v<T>, "make_array<T>(n) makes arrays");
    if constexpr (std::is_constructible_v<T, Arguments...>)
        return ::new (place) T(std::forward<Arguments>(arguments)...);
    else
        return ::new (place) T{std::forward<Arguments>(arguments)...};
}

template <class T> T* make_array_at(void* place, std::size_t count)
{
    static_assert(std::is_trivially_destructible_v<T>, "a zone or scope runs no destructors");
    T* first = static_cast<T*>(place);
    std::uninitialized_value_construct_n(first, count);
    return first;
}

} // namespace detail

/// A zone, which is freed with this. It is moved and not copied, and stays on its thread.
///
/// A zone that is still pushed when this ends is not freed, and lost.
class zone {
public:
    /// Makes a zone with room for `capacity` bytes, which grows when they are used up.
    explicit zone(std::size_t capacity) : handle_(detail::not_null(mz_zone_new(capacity))) {}
    explicit zone(const mz_zone_options& options) : handle_(detail::not_null(mz_zone_build(&options))) {}

    /// Makes a zone in a buffer, which must live longer. It never grows.
    zone(void* buffer, std::size_t bytes) : handle_(detail::not_null(mz_zone_from_buffer(buffer, bytes))) {}

    /// Takes a zone over that another thread has handed over with `send`.
    static zone receive(mz_zone* sent)
    {
        check(mz_zone_receive(sent));
        return zone(sent, adopted());
    }

    /// Owns a handle of this thread's from here on.
    static zone adopt(mz_zone* handle) { return zone(handle, adopted()); }

    zone(zone&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    zone& operator=(zone&& other) noexcept
    {
        if (this != &other) {
            mz_zone_free(handle_);
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    zone(const zone&) = delete;
    zone& operator=(const zone&) = delete;
    ~zone() { mz_zone_free(handle_); }

    mz_zone* get() const noexcept { return handle_; }
    mz_zone* release() noexcept { return std::exchange(handle_, nullptr); }

    /// Hands the zone over: the result is for another thread's `receive`.
    mz_zone* send()
    {
        check(mz_zone_send(handle_));
        return release();
    }

    /// Rewinds the zone. What is in it must not be used any more.
    void reset() { check(mz_zone_reset(handle_)); }

    std::size_t used() const noexcept { return mz_zone_used(handle_); }
    std::size_t capacity() const noexcept { return mz_zone_capacity(handle_); }
    std::size_t remaining() const noexcept { return mz_zone_remaining(handle_); }
    bool contains(const void* pointer) const noexcept { return mz_zone_contains(handle_, pointer); }

    void on_cleanup(mz_hook hook, void* data) { check(mz_zone_on_cleanup(handle_, hook, data)); }

    /// Makes a value in the zone. Its destructor never runs, so its type may have none that does anything.
    template <class T, class... Arguments> T* make(Arguments&&... arguments)
    {
        void* place = detail::not_null(mz_zone_alloc(handle_, sizeof(T), alignof(T)));
        return detail::make_at<T>(place, std::forward<Arguments>(arguments)...);
    }

    /// Makes an array in the zone. Its items are as `T()` makes them: numbers are 0.
    template <class T> T* make_array(std::size_t count)
    {
        return detail::make_array_at<T>(detail::not_null(mz_zone_alloc(handle_, detail::bytes_of<T>(count), alignof(T))), count);
    }

private:
    struct adopted {};
    zone(mz_zone* handle, adopted) noexcept : handle_(handle) {}

    mz_zone* handle_;
};

/// A zone is the thread's current one as long as this lives.
class pushed {
public:
    explicit pushed(zone& pushed_zone) { check(mz_push(pushed_zone.get())); }
    pushed(const pushed&) = delete;
    pushed& operator=(const pushed&) = delete;
    ~pushed() { mz_pop(nullptr); }
};

/// A scope, which is left with this. What was allocated in it is gone then.
///
/// Scopes end in the order that C++ gives to local variables. One that is made by `new` and ended out of that order is not
/// left, as memzone refuses it.
class scope {
public:
    explicit scope(std::size_t bytes = 4096) : handle_(detail::not_null(mz_scope_enter(bytes))) {}
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope() { mz_scope_leave(handle_); }

    mz_scope* get() const noexcept { return handle_; }
    std::size_t used() const noexcept { return mz_scope_used(handle_); }

    /// Makes a value in the scope. Its destructor never runs, so its type may have none that does anything.
    template <class T, class... Arguments> T* make(Arguments&&... arguments)
    {
        void* place = detail::not_null(mz_scope_alloc(handle_, sizeof(T), alignof(T)));
        return detail::make_at<T>(place, std::forward<Arguments>(arguments)...);
    }

    /// Makes an array in the scope. Its items are as `T()` makes them: numbers are 0.
    template <class T> T* make_array(std::size_t count)
    {
        return detail::make_array_at<T>(detail::not_null(mz_scope_alloc(handle_, detail::bytes_of<T>(count), alignof(T))), count);
    }

private:
    mz_scope* handle_;
};

/// A real-time heap, which is freed with this, or with the last of its blocks.
class heap {
public:
    explicit heap(std::size_t bytes) : handle_(detail::not_null(mz_heap_new(bytes))) {}
    heap(heap&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    heap(const heap&) = delete;
    heap& operator=(const heap&) = delete;
    ~heap() { mz_heap_free(handle_); }

    mz_heap* get() const noexcept { return handle_; }
    std::size_t used() const noexcept { return mz_heap_used(handle_); }

private:
    mz_heap* handle_;
};

/// A memory resource over a zone, which must live longer. Nothing is given back before the zone is reset or freed.
class zone_resource : public std::pmr::memory_resource {
public:
    explicit zone_resource(mz_zone* handle) noexcept : handle_(handle) {}
    explicit zone_resource(zone& over) noexcept : handle_(over.get()) {}

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override
    {
        void* place = mz_zone_alloc(handle_, detail::at_least_one(bytes), alignment);
        if (place == nullptr) throw std::bad_alloc();
        return place;
    }
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    mz_zone* handle_;
};

/// A memory resource over one scope of this thread, whichever scopes are entered in it.
class scope_resource : public std::pmr::memory_resource {
public:
    explicit scope_resource(mz_scope* handle) noexcept : handle_(handle) {}
    explicit scope_resource(scope& over) noexcept : handle_(over.get()) {}

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override
    {
        void* place = mz_scope_alloc(handle_, detail::at_least_one(bytes), alignment);
        if (place == nullptr) throw std::bad_alloc();
        return place;
    }
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    mz_scope* handle_;
};

/// A memory resource over whichever zone is current where it is used: the innermost scope's, the one that was pushed last,
/// or the thread's default zone. A container must not live longer than the scope in which it has last grown.
class current_resource : public std::pmr::memory_resource {
    void* do_allocate(std::size_t bytes, std::size_t alignment) override
    {
        void* place = mz_alloc(detail::at_least_one(bytes), alignment);
        if (place == nullptr) throw std::bad_alloc();
        return place;
    }
    void do_deallocate(void*, std::size_t, std::size_t) override {}
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }
};

/// The resource over the current zone. It may be made the default one: `std::pmr::set_default_resource`.
inline std::pmr::memory_resource* current() noexcept
{
    static current_resource resource;
    return &resource;
}

/// A memory resource over a real-time heap, which must live longer. It is allocated from on the heap's thread, and blocks
/// are given back on any.
class heap_resource : public std::pmr::memory_resource {
public:
    explicit heap_resource(mz_heap* handle) noexcept : handle_(handle) {}
    explicit heap_resource(heap& over) noexcept : handle_(over.get()) {}

private:
    void* do_allocate(std::size_t bytes, std::size_t alignment) override
    {
        void* place = mz_heap_alloc(handle_, detail::at_least_one(bytes), alignment);
        if (place == nullptr) throw std::bad_alloc();
        return place;
    }
    void do_deallocate(void* place, std::size_t, std::size_t) override { mz_heap_dealloc(place); }
    bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    mz_heap* handle_;
};

} // namespace mz

#endif
