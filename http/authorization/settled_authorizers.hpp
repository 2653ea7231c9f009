#pragma once

#include "http/authorization/message_authorizer.hpp"
#include "security/message_allowlist.hpp"

/// Those that know the answer without asking anybody; `done` is called before authorize() returns.
/// Source: spec/auth.md §6.
namespace cued::http {

/// Messages stay within an account.
class same_tenant_authorizer final : public message_authorizer {
public:
  void authorize(message_question question, std::function<void(bool)> done) override;
};

class everyone_authorizer final : public message_authorizer {
public:
  void authorize(message_question question, std::function<void(bool)> done) override;
};

/// Within an account, and where the operator has listed the pair.
class allowlist_authorizer final : public message_authorizer {
public:
  explicit allowlist_authorizer(security::message_allowlist pairs) : pairs_{std::move(pairs)} {}
  void authorize(message_question question, std::function<void(bool)> done) override;

private:
  const security::message_allowlist pairs_;
};

} // namespace cued::http
