// A strict reader of the XML that the MPD writer may write: elements, attributes in double quotes,
// text, the five entities. It shares no code with the writer.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "package/text.h"

namespace package {

struct XmlNode {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<XmlNode> children;
  std::string text;  // Its own, entities resolved.

  [[nodiscard]] const XmlNode* child(std::string_view wanted) const {
    const auto found = std::ranges::find(children, wanted, &XmlNode::name);
    return found == children.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::vector<const XmlNode*> all(std::string_view wanted) const {
    std::vector<const XmlNode*> found;
    for (const XmlNode& node : children) {
      if (node.name == wanted) found.push_back(&node);
    }
    return found;
  }
  [[nodiscard]] std::string at(const std::string& attribute) const {
    const auto found = attributes.find(attribute);
    return found == attributes.end() ? "" : found->second;
  }
};

class XmlReader {
 public:
  // The root element; none: not well-formed.
  static std::optional<XmlNode> read(std::string_view text) {
    constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    if (!text.starts_with(kDeclaration)) return std::nullopt;
    if (find_invalid_utf8(text) != std::string_view::npos) return std::nullopt;
    const bool has_control = std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
    if (has_control || text.contains("\xef\xbf\xbe") || text.contains("\xef\xbf\xbf")) {
      return std::nullopt;
    }
    XmlReader reader(text.substr(kDeclaration.size()));
    XmlNode root;
    if (!reader.element(root, 0) || reader.rest_ != "\n") return std::nullopt;
    return root;
  }

 private:
  explicit XmlReader(std::string_view text) : rest_(text) {}

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool name(std::string& out) {
    const auto end = std::ranges::find_if_not(
        rest_, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':'; });
    out.assign(rest_.begin(), end);
    rest_.remove_prefix(out.size());
    return !out.empty();
  }

  // Up to `stop`, entities resolved.
  bool characters(char stop, std::string& out) {
    while (!rest_.empty() && rest_.front() != stop) {
      if (rest_.front() == '<' || rest_.front() == '"') return false;
      if (rest_.front() != '&') {
        out += rest_.front();
        rest_.remove_prefix(1);
      } else if (take("&amp;")) {
        out += '&';
      } else if (take("&lt;")) {
        out += '<';
      } else if (take("&gt;")) {
        out += '>';
      } else if (take("&quot;")) {
        out += '"';
      } else if (take("&apos;")) {
        out += '\'';
      } else {
        return false;
      }
    }
    return !rest_.empty();
  }

  bool attributes(XmlNode& node) {
    while (take(" ")) {
      std::string key;
      std::string value;
      if (!name(key) || !take("=\"") || !characters('"', value) || !take("\"")) return false;
      if (!node.attributes.emplace(key, value).second) return false;
    }
    return true;
  }

  bool element(XmlNode& node, int depth) {
    if (depth > 16 || !take("<") || !name(node.name) || !attributes(node)) return false;
    if (take("/>")) return true;
    if (!take(">")) return false;
    while (true) {
      if (!characters('<', node.text)) return false;
      if (take("</")) {
        std::string closed;
        return name(closed) && closed == node.name && take(">");
      }
      if (!element(node.children.emplace_back(), depth + 1)) return false;
    }
  }

  std::string_view rest_;
};

}  // namespace package
