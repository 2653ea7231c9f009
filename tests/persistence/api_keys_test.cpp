#include "persistence/api_keys.hpp"

#include <algorithm>
#include <thread>

#include "tests/persistence/account_rows.hpp"

using namespace cued;
using namespace cued::persistence;
using namespace cued::test;
using namespace std::chrono_literals;

namespace {

class api_keys : public account_test {
protected:
  static std::string id(int number) { return "33333333-3333-4333-8333-" + std::to_string(100'000'000'000 + number); }

  static new_api_key key(int number, const std::string& name, key_scope scope = key_scope::full) {
    return {id(number), name, scope, "hash-" + std::to_string(number), "cue_sk_00000", std::nullopt};
  }

  result<api_key_view> add(const new_api_key& wanted) { return add_api_key(link_, by_own_key_, wanted, some_act()); }
  result<std::string> revoke(int number) { return revoke_api_key(link_, by_own_key_, id(number), some_act()); }

  void expire(int number) {
    database_.exec("UPDATE cued.api_keys SET expires_at = now() - interval '1 second' WHERE id = '" + id(number) + "'");
  }

  std::optional<principal> owner_of(const std::string& hash) { return *find_principal_by_key_hash(link_, hash); }

  const key_owner by_own_key_{ada, ada_hash};
};

} // namespace

TEST_F(api_keys, a_named_key_leads_to_its_account_with_its_scope) {
  auto wanted = key(1, "box", key_scope::worker);
  wanted.expires_at = std::chrono::sys_days{std::chrono::year{2099} / 1 / 1};
  ASSERT_TRUE(add(wanted));
  const auto found = owner_of("hash-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user_id, ada);
  EXPECT_EQ(found->scope, key_scope::worker);
  EXPECT_EQ(found->key_id, id(1));
  EXPECT_EQ(found->key_hash, "hash-1");
  EXPECT_EQ(found->key_expires_at, wanted.expires_at);
  EXPECT_EQ(owner_of(ada_hash)->scope, key_scope::full);
  EXPECT_EQ(owner_of(ada_hash)->key_id, "");
}

TEST_F(api_keys, a_revoked_or_expired_key_is_nobodys) {
  ASSERT_TRUE(add(key(1, "one")));
  ASSERT_TRUE(add(key(2, "two")));
  EXPECT_EQ(revoke(1), "hash-1");
  expire(2);
  EXPECT_FALSE(owner_of("hash-1"));
  EXPECT_FALSE(owner_of("hash-2"));
}

TEST_F(api_keys, a_key_is_revoked_once_and_by_its_owner_only) {
  ASSERT_TRUE(insert_user(link_, registration(bob, "bob@b.com", "hash-of-bob"), some_act()));
  ASSERT_TRUE(add(key(1, "one")));
  EXPECT_EQ(revoke_api_key(link_, {bob, "hash-of-bob"}, id(1), some_act()).error().code, "key_not_found");
  EXPECT_TRUE(revoke(1));
  EXPECT_EQ(revoke(1).error().code, "key_not_found");
  EXPECT_EQ(list_api_keys(link_, bob)->keys.size(), 0U);
}

TEST_F(api_keys, living_keys_of_an_account_do_not_share_a_name) {
  ASSERT_TRUE(add(key(1, "box")));
  EXPECT_EQ(add(key(2, "box")).error().code, "duplicate_key_name");
  ASSERT_TRUE(revoke(1));
  EXPECT_TRUE(add(key(3, "box")));
  expire(3);
  EXPECT_TRUE(add(key(4, "box")));
}

TEST_F(api_keys, an_account_has_only_so_many_living_keys) {
  database_.exec("INSERT INTO cued.api_keys (id, user_id, name, scope, key_hash, key_prefix) "
                 "SELECT gen_random_uuid(), '" +
                 ada + "', 'k' || n, 'full', 'h' || n, 'cue_sk_00000' FROM generate_series(1, " +
                 std::to_string(living_keys_per_account) + ") n");
  EXPECT_EQ(add(key(1, "one more")).error().code, "key_limit_reached");
  database_.exec("UPDATE cued.api_keys SET revoked_at = now() WHERE name = 'k1'");
  EXPECT_TRUE(add(key(1, "one more")));
}

TEST_F(api_keys, of_parallel_requests_for_one_name_one_wins) {
  constexpr int rivals = 6;
  std::vector<std::string> outcomes(rivals);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < rivals; ++i)
      threads.emplace_back([&, i] {
        connection own{database_.options()};
        const auto made = add_api_key(own, by_own_key_, key(i, "box"), some_act());
        outcomes[i] = made ? "made" : made.error().code;
      });
  }
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), "made"), 1);
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), "duplicate_key_name"), rivals - 1);
}

TEST_F(api_keys, a_key_that_was_just_revoked_makes_and_ends_no_other) {
  ASSERT_TRUE(add(key(1, "stolen")));
  ASSERT_TRUE(add(key(2, "good")));
  ASSERT_TRUE(revoke(1));
  const key_owner thief{ada, "hash-1"};
  EXPECT_EQ(add_api_key(link_, thief, key(3, "more"), some_act()).error().code, "invalid_api_key");
  EXPECT_EQ(revoke_api_key(link_, thief, id(2), some_act()).error().code, "invalid_api_key");
  EXPECT_EQ(rotate_api_key(link_, thief, id(2), "h", "p", some_act()).error().code, "invalid_api_key");
}

TEST_F(api_keys, a_key_of_a_smaller_scope_makes_no_other_even_if_somebody_let_it_ask) {
  ASSERT_TRUE(add(key(1, "box", key_scope::worker)));
  EXPECT_EQ(add_api_key(link_, {ada, "hash-1"}, key(2, "more"), some_act()).error().code, "invalid_api_key");
}

TEST_F(api_keys, a_rotated_key_keeps_its_name_and_its_old_secret_is_remembered) {
  ASSERT_TRUE(add(key(1, "box", key_scope::read_only)));
  const auto rotated = rotate_api_key(link_, by_own_key_, id(1), "hash-new", "cue_sk_11111", some_act());
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->old_hash, "hash-1");
  EXPECT_EQ(rotated->key.name, "box");
  EXPECT_EQ(rotated->key.prefix, "cue_sk_11111");
  EXPECT_EQ(owner_of("hash-new")->scope, key_scope::read_only);
  EXPECT_FALSE(owner_of("hash-1"));
  EXPECT_EQ(was_rotated(link_, "hash-1"), true);
}

TEST_F(api_keys, are_listed_with_the_living_ones_first) {
  ASSERT_TRUE(add(key(1, "first")));
  ASSERT_TRUE(add(key(2, "second")));
  ASSERT_TRUE(add(key(3, "third")));
  ASSERT_TRUE(revoke(3));
  const auto listed = list_api_keys(link_, ada);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->account_key_prefix, "cue_sk_00112");
  std::vector<std::string> names;
  for (const auto& one : listed->keys)
    names.push_back(one.name);
  EXPECT_EQ(names, (std::vector<std::string>{"second", "first", "third"}));
  EXPECT_TRUE(listed->keys[2].revoked_at);
  EXPECT_FALSE(listed->keys[0].last_used_at);
}

TEST_F(api_keys, the_last_use_is_noted_to_the_minute) {
  ASSERT_TRUE(add(key(1, "box")));
  const instant first = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + 12h;
  ASSERT_TRUE(note_key_use(link_, id(1), first));
  ASSERT_TRUE(note_key_use(link_, id(1), first + 59s));
  EXPECT_EQ(list_api_keys(link_, ada)->keys[0].last_used_at, first);
  ASSERT_TRUE(note_key_use(link_, id(1), first + 61s));
  EXPECT_EQ(list_api_keys(link_, ada)->keys[0].last_used_at, first + 61s);
}

TEST_F(api_keys, dead_ones_are_forgotten_after_their_time) {
  ASSERT_TRUE(add(key(1, "living")));
  ASSERT_TRUE(add(key(2, "just revoked")));
  ASSERT_TRUE(add(key(3, "long revoked")));
  ASSERT_TRUE(add(key(4, "long expired")));
  const instant now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25};
  const auto at = [&](int number, const char* column, instant when) {
    database_.exec("UPDATE cued.api_keys SET " + std::string{column} + " = '" + write_instant(when) + "' WHERE id = '" +
                   id(number) + "'");
  };
  at(2, "revoked_at", now - 89 * 24h);
  at(3, "revoked_at", now - 91 * 24h);
  at(4, "expires_at", now - 91 * 24h);
  ASSERT_TRUE(forget_dead_keys(link_, now));
  EXPECT_EQ(database_.value("SELECT string_agg(name, ', ' ORDER BY name) FROM cued.api_keys"), "just revoked, living");
}

TEST_F(api_keys, of_an_account_that_is_gone_are_refused_and_forgotten) {
  ASSERT_TRUE(add(key(1, "box")));
  database_.exec("DELETE FROM users");
  EXPECT_EQ(add(key(2, "more")).error().code, "user_not_found");
  EXPECT_EQ(list_api_keys(link_, ada).error().code, "user_not_found");
  ASSERT_TRUE(forget_dead_keys(link_, std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}));
  EXPECT_EQ(database_.value("SELECT count(*) FROM cued.api_keys"), "0");
}
