// Fields: an ordered list of HTTP fields (header lines), as a message carries it and as the cache
// stores it. RFC 9110 §5.
//
// Names are kept in lower case, as HTTP/2 wants them; values are as received, with the space
// around them already trimmed. Repeated names keep their order. All text lies in one buffer, so a
// whole head costs two allocations. Views stay valid until the next add(), set() or remove().
//
// Nothing is checked here: parsers refuse malformed names and values before they add them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ref.h"
#include "base/result.h"

namespace base {

struct Field {
  std::string_view name;
  std::string_view value;
};

class Fields {
 public:
  class Iterator {
   public:
    using value_type = Field;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Fields* fields, std::size_t index) : fields_(fields), index_(index) {}
    Field operator*() const { return (*fields_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++index_;
      return old;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Fields* fields_ = nullptr;
    std::size_t index_ = 0;
  };

  Fields() = default;
  Fields(std::initializer_list<Field> fields) {
    for (const Field& field : fields) add(field.name, field.value);
  }

  void add(std::string_view name, std::string_view value);  // Appends, after any of that name.
  void set(std::string_view name, std::string_view value);  // The only one of that name.
  void remove(std::string_view name);                       // All of that name.
  void clear();
  void reserve(std::size_t fields, std::size_t bytes);

  // `name` in lower case. The first value; none when the field is absent.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }
  [[nodiscard]] std::size_t count(std::string_view name) const;
  // All values of a list-valued field as one, joined by ", " (RFC 9110 §5.3); empty if absent.
  [[nodiscard]] std::string joined(std::string_view name) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] Field operator[](std::size_t index) const;
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, entries_.size()}; }
  // Bytes of names and values, without overhead.
  [[nodiscard]] std::size_t text_bytes() const;

  friend bool operator==(const Fields& a, const Fields& b);

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string text_;
  std::vector<Entry> entries_;
};

// An immutable list that many responses share, such as a cached object's.
struct SharedFields : RefCounted {
  explicit SharedFields(Fields list) : fields(std::move(list)) {}
  const Fields fields;
};

// ASCII only, as HTTP compares tokens and field names.
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
// Without leading and trailing space and tab.
std::string_view trim(std::string_view text);

}  // namespace base
