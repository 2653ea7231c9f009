#include "http/server/router.hpp"

#include <algorithm>
#include <map>

#include "http/server/target.hpp"

namespace cued::http {

using boost::beast::http::verb;

struct router::node {
  std::map<std::string, node, std::less<>> literals;
  std::unique_ptr<node> parameter;
  std::unique_ptr<node> tail;       ///< behind a parameter that takes all the rest, slashes included
  std::vector<const route*> routes; ///< those that end here, one per method
};

/// One walk down the tree.
struct router::search {
  verb method;
  std::vector<std::string_view> params; ///< on the way to where we are
  const route* found = nullptr;
  std::vector<std::string_view> found_params;
  std::vector<const route*> other_methods;

  void arrive(const node& at) {
    for (const auto* candidate : at.routes) {
      if (candidate->method == method && !found) {
        found = candidate;
        found_params = params;
      } else {
        other_methods.push_back(candidate);
      }
    }
  }
};

namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{') && segment.ends_with('}'); }
bool is_tail(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

/// Takes the next segment off the front of `rest`, which begins with its slash.
std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const auto end = rest.find('/');
  const auto segment = rest.substr(0, end);
  rest.remove_prefix(segment.size());
  return segment;
}

std::string allow_header(const std::vector<const route*>& routes) {
  std::vector<std::string> methods;
  for (const auto* r : routes) {
    methods.emplace_back(to_string(r->method));
    if (r->method == verb::get)
      methods.emplace_back("HEAD");
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  std::string out;
  for (const auto& m : methods)
    out += (out.empty() ? "" : ", ") + m;
  return out;
}

} // namespace

router::router(std::span<const route> routes) : root_{std::make_unique<node>()} {
  for (const auto& r : routes)
    add(r);
}

router::~router() = default;

void router::add(const route& r) {
  node* at = root_.get();
  for (std::string_view rest = r.pattern; !rest.empty();) {
    const auto segment = next_segment(rest);
    if (is_tail(segment)) {
      if (!at->tail)
        at->tail = std::make_unique<node>();
      at = at->tail.get();
    } else if (is_parameter(segment)) {
      if (!at->parameter)
        at->parameter = std::make_unique<node>();
      at = at->parameter.get();
    } else {
      at = &at->literals[std::string{segment}];
    }
  }
  at->routes.push_back(&r);
}

void router::walk(const node& at, std::string_view rest, search& s) const {
  if (rest.empty()) {
    s.arrive(at);
    return;
  }
  const auto all_of_it = rest.substr(1);
  const auto segment = next_segment(rest);
  if (const auto literal = at.literals.find(segment); literal != at.literals.end())
    walk(literal->second, rest, s);
  if (at.parameter && !segment.empty() && !s.found) {
    s.params.push_back(segment);
    walk(*at.parameter, rest, s);
    s.params.pop_back();
  }
  if (at.tail && !all_of_it.empty() && !all_of_it.ends_with('/') && !s.found) {
    s.params.push_back(all_of_it);
    s.arrive(*at.tail);
    s.params.pop_back();
  }
}

router::match router::find(verb method, std::string_view path) const {
  match out;
  // U+0000 can be in no id that Postgres holds (spec/http.md §2).
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return out;

  search s{method == verb::head ? verb::get : method, {}, nullptr, {}, {}};
  walk(*root_, path, s);
  if (s.found) {
    out.what = verdict::found;
    out.to = s.found;
    out.params.assign(s.found_params.begin(), s.found_params.end());
    return out;
  }
  if (!s.other_methods.empty()) {
    out.what = verdict::wrong_method;
    out.allow = allow_header(s.other_methods);
    return out;
  }
  if (path.size() > 1 && path.ends_with('/')) {
    path.remove_suffix(1);
    search without_slash{method, {}, nullptr, {}, {}};
    walk(*root_, path, without_slash);
    if (without_slash.found || !without_slash.other_methods.empty()) {
      out.what = verdict::trailing_slash;
      out.location = encode_path(path);
    }
  }
  return out;
}

} // namespace cued::http
