// SPDX-License-Identifier: BSL-1.0
// The promises of intrusive_list, compared with a std::list that does the same.
#include <heddle/detail/memory/intrusive_list.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <list>
#include <random>
#include <vector>

namespace {

struct element {
    heddle::detail::list_place<element> place;
    bool in_it = false;
};
using list = heddle::detail::intrusive_list<element, &element::place>;

std::list<element*> elements_of(const list& l) {
    std::list<element*> all;
    for (element& e : l)
        all.push_back(&e);
    return all;
}

}  // namespace

TEST_SUITE_BEGIN("intrusive_list");

TEST_CASE("insertion and removal at any place have the same effect as in a std::list") {
    std::minstd_rand random(17);
    std::vector<element> elements(6);
    list l;
    std::list<element*> model;
    for (int i = 0; i < 2000; ++i) {
        element& e = elements[random() % elements.size()];
        if (!e.in_it) {
            l.push_front(e);
            model.push_front(&e);
            e.in_it = true;
        } else if (random() % 2) {
            l.erase(e);
            model.remove(&e);
            e.in_it = false;
        } else {
            element* first = l.pop_front();
            REQUIRE(first == model.front());
            model.pop_front();
            first->in_it = false;
        }
        REQUIRE(elements_of(l) == model);
        REQUIRE(l.empty() == model.empty());
        REQUIRE(l.has_one() == (model.size() == 1));
        REQUIRE(l.front() == (model.empty() ? nullptr : model.front()));
    }
}

TEST_CASE("an empty list returns no first element") {
    list l;
    CHECK(l.pop_front() == nullptr);
    CHECK(l.begin() == l.end());
}

TEST_SUITE_END();
